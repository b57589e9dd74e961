//! A PostgreSQL server that is there for the tests as long as they run.

use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::step::{output, run};

/// A server with its data in a temporary folder. Dropped, it ends and leaves nothing.
pub struct Cluster {
    folder: PathBuf,
    server: Child,
    /// The address of its database `postgres`, with a password that nobody else has.
    pub url: String,
}

/// An account of this machine, by its numbers: the server refuses to run as root.
#[derive(Clone, Copy)]
struct User {
    id: u32,
    group: u32,
}

impl User {
    /// Whom to run as: nobody else, but for root.
    fn unprivileged() -> Result<Option<Self>> {
        let number = |args: &[&str]| -> Result<u32> {
            Ok(output(Command::new("id").args(args))?.trim().parse()?)
        };
        if number(&["-u"])? != 0 {
            return Ok(None);
        }
        let (id, group) = (number(&["-u", "postgres"])?, number(&["-g", "postgres"])?);
        Ok(Some(Self { id, group }))
    }
}

impl Cluster {
    /// Starts one with the programs of that folder.
    pub fn start(programs: &std::path::Path) -> Result<Self> {
        let user = User::unprivileged()?;
        let command = |program: &str| {
            let mut command = Command::new(programs.join(program));
            if let Some(user) = user {
                command.uid(user.id).gid(user.group);
            }
            command.env("LC_ALL", "C").current_dir(std::env::temp_dir());
            command
        };
        let folder = std::env::temp_dir().join(format!("sotay-postgres-{}", std::process::id()));
        std::fs::create_dir(&folder).with_context(|| folder.display().to_string())?;
        let (data, password_file) = (folder.join("data"), folder.join("password"));
        let password = password()?;
        std::fs::write(&password_file, &password)?;
        if let Some(user) = user {
            for path in [&folder, &password_file] {
                chown(path, Some(user.id), Some(user.group))?;
            }
        }
        run(command("initdb")
            .args(["--username=postgres", "--auth=password", "--encoding=UTF8", "--locale=C"])
            .args(["--no-sync", "--no-instructions", "--pwfile"])
            .arg(&password_file)
            .arg("--pgdata")
            .arg(&data)
            .stdout(Stdio::null()))?;
        let port = free_port()?;
        let mut server = command("postgres");
        server.arg("-D").arg(&data).arg("-p").arg(port.to_string());
        // Only for tests: what a power failure would take they never look at.
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=300",
            "fsync=off",
            "full_page_writes=off",
            "autovacuum=off",
        ] {
            server.args(["-c", setting]);
        }
        let mut server = server.stderr(Stdio::piped()).spawn().context("postgres")?;
        let mut log = BufReader::new(server.stderr.take().context("its log is piped")?);
        let url = format!("postgres://postgres:{password}@127.0.0.1:{port}/postgres");
        let cluster = Self { folder, server, url };
        let mut said = String::new();
        while !said.contains("ready to accept connections") {
            if log.read_line(&mut said)? == 0 {
                bail!("PostgreSQL does not start: {said}");
            }
        }
        // A log that nobody reads would stop the server once the pipe is full.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Ok(cluster)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The way that ends at once and by itself ends all its processes; killed with -9 it could not.
        let id = self.server.id().to_string();
        let told = Command::new("kill").args(["-QUIT", &id]).status();
        let ended = told.and_then(|_| self.server.wait());
        if let Err(error) = ended.and_then(|_| std::fs::remove_dir_all(&self.folder)) {
            println!("PostgreSQL (process {id}) or {} may be left: {error}", self.folder.display());
        }
    }
}

fn password() -> Result<String> {
    let mut bytes = [0; 16];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
