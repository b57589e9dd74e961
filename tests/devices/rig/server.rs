//! A real server with the real pack: in this process, or as the program that operators run.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use server::clock;
use server::config::Config;
use server::database::{Database, FormRow};
use server::pack_load;
use sync::wire::FormRef;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{OnceCell, oneshot};
use tokio::task::JoinHandle;

use super::place::Place;

/// The password of the pack's demonstration accounts.
pub const PASSWORD: &str = "so-tay-342";

/// Two officers of one ward, one of another, and people who see several wards.
pub mod who {
    pub const HOA: &str = "canbo.longkhanh";
    pub const MINH: &str = "canbo2.longkhanh";
    pub const THU: &str = "canbo.baovinh";
    pub const TRAINER: &str = "taphuan";
    pub const COORDINATOR: &str = "dieuphoi";
}

/// Where those officers work.
pub mod unit {
    pub const LONG_KHANH: &str = "dn_p_long_khanh";
    pub const BAO_VINH: &str = "dn_p_bao_vinh";
}

/// A form of the pack and the unit that fills it.
#[derive(Clone, Debug)]
pub struct Work {
    pub form: FormRef,
    pub unit: String,
}

/// Where a server listens.
#[derive(Clone, Copy, Debug)]
pub struct Address {
    pub socket: SocketAddr,
}

/// A database with the pack and its people in it, made once for all tests.
struct Prepared {
    database: Vec<u8>,
    forms: Vec<FormRow>,
}

async fn prepared() -> &'static Prepared {
    static PREPARED: OnceCell<Prepared> = OnceCell::const_new();
    PREPARED.get_or_init(prepare).await
}

async fn prepare() -> Prepared {
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/long-khanh-2024");
    let files = pack_load::read_folder(&pack).expect("the pack's folder");
    let (checked, problems) = pack_load::check(&files);
    let checked = checked.unwrap_or_else(|| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("the pack cannot be loaded:\n{}", problems.join("\n"))
    });
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("made.sqlite");
    let now_ms = clock::now_ms();
    let database = Database::open(&file, now_ms).await.expect("a new database");
    database.load_pack(&checked.to_load(), now_ms).await.expect("the pack loads");
    pack_load::add_demo_users(&database, checked.demo_users(), Some(PASSWORD), now_ms)
        .await
        .expect("the pack's people are added");
    database.close().await;
    Prepared { database: std::fs::read(&file).expect("the file"), forms: checked.forms }
}

impl Work {
    /// That form of the pack, filled by that unit.
    pub async fn new(form: &str, unit: &str) -> Self {
        let mut forms = prepared().await.forms.iter();
        let row = forms.find(|row| row.form.id == form).expect("a form of the pack");
        Self { form: row.form.clone(), unit: unit.to_owned() }
    }

    /// The checklist of a ward inspection.
    pub async fn inspection(unit: &str) -> Self {
        Self::new("lk_kt_phuong_xa", unit).await
    }
}

/// The XML of a form of the pack.
pub async fn form_xml(id: &str) -> &'static str {
    let mut forms = prepared().await.forms.iter();
    &forms.find(|row| row.form.id == id).expect("a form of the pack").xml
}

#[derive(Debug)]
enum Run {
    Stopped,
    Here { stop: oneshot::Sender<()>, task: JoinHandle<()> },
    Program(Child),
}

/// Where a server, or several, keep everything.
#[derive(Debug)]
struct Home {
    place: Place,
    folder: TempDir,
}

/// A server and its folder.
#[derive(Debug)]
pub struct Server {
    home: Arc<Home>,
    pub address: Address,
    run: Run,
}

/// Where nobody listens; a server that starts there takes any free port.
pub const NOWHERE: Address =
    Address { socket: SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0) };

impl Server {
    async fn stopped() -> Self {
        let folder = TempDir::new().expect("a folder");
        let made = folder.path().join("made.sqlite");
        std::fs::write(&made, &prepared().await.database).expect("a new file");
        let place = Place::new(folder.path()).await;
        place.put_back(&made).await;
        Self { home: Arc::new(Home { place, folder }), address: NOWHERE, run: Run::Stopped }
    }

    /// A new server in this process.
    pub async fn start() -> Self {
        let mut server = Self::stopped().await;
        server.go_on().await;
        server
    }

    /// A new server in this process, with other settings.
    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let mut server = Self::stopped().await;
        let home = Arc::get_mut(&mut server.home).expect("nobody else has it yet");
        change(&mut home.place.config);
        server.go_on().await;
        server
    }

    /// A new server as a program of its own.
    pub async fn start_program(program: &Path) -> Self {
        let mut server = Self::stopped().await;
        server.go_on_as_program(program).await;
        server
    }

    /// Another program on the same database and files.
    pub async fn beside(&self, program: &Path) -> Self {
        let home = Arc::clone(&self.home);
        let mut server = Self { home, address: NOWHERE, run: Run::Stopped };
        server.go_on_as_program(program).await;
        server
    }

    /// The folder of the database and the files.
    pub fn folder(&self) -> &Path {
        self.home.folder.path()
    }

    /// Where photos and other files are.
    pub fn blob_folder(&self) -> PathBuf {
        self.home.place.config.blob_folder()
    }

    /// The database from outside, as the operator's commands open it.
    pub async fn database(&self) -> Database {
        self.home.place.open().await
    }

    /// Makes a backup while the server runs.
    pub async fn back_up(&self, name: &str) -> PathBuf {
        let copy = self.folder().join(name);
        let database = self.database().await;
        database
            .backup(&copy, clock::now_ms())
            .await
            .expect("a backup is made while the server runs");
        database.close().await;
        copy
    }

    /// Puts a copy of the database in the place of the one that the stopped server used.
    pub async fn put_back(&self, copy: &Path) {
        self.home.place.empty().await;
        self.home.place.put_back(copy).await;
    }

    /// What somebody has who copied the database past the server: nothing in it says that it is a copy.
    pub async fn copy_unseen(&self, name: &str) -> PathBuf {
        let copy = self.folder().join(name);
        let database = self.database().await;
        database.copy_to(&copy).await.expect("a copy is made");
        database.close().await;
        let mut copied = super::place::Outside::file(&copy).await;
        copied.say("UPDATE server SET is_copy = 0").await.expect("the copy can be written to");
        copy
    }

    /// Starts on the same folder and address.
    pub async fn go_on(&mut self) {
        let listener = TcpListener::bind(self.address.socket).await.expect("a port is free");
        self.address.socket = listener.local_addr().expect("a bound port");
        let (stop, stopped) = oneshot::channel::<()>();
        let config = self.home.place.config.clone();
        let task = tokio::spawn(async move {
            // A sender that is dropped stops the server too.
            let shutdown = async move { stopped.await.unwrap_or(()) };
            server::serve(config, listener, shutdown).await.expect("the server runs");
        });
        self.run = Run::Here { stop, task };
    }

    /// Starts the program on the same folder and address, and waits until it says that it serves.
    pub async fn go_on_as_program(&mut self, program: &Path) {
        let config = &self.home.place.config;
        let mut command = Command::new(program);
        command.env_remove("DATABASE_URL").env_remove("SOTAY_BLOBS");
        command.envs(config.database_url.as_ref().map(|url| ("DATABASE_URL", url)));
        let mut child = command
            .arg("serve")
            .args(["--listen", &self.address.socket.to_string()])
            .env("SOTAY_DATA", &config.data)
            .env("RUST_LOG", "info")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        let mut log = BufReader::new(child.stderr.take().expect("its log is piped")).lines();
        loop {
            let line = log.next_line().await.expect("its log is text");
            let line = line.expect("it goes on until it serves");
            if let Some(address) = line.split("\"address\":\"").nth(1) {
                let address = address.split('"').next().and_then(|address| address.parse().ok());
                self.address.socket = address.expect("the log names the address");
                break;
            }
        }
        // A log that nobody reads would stop the program once the pipe is full.
        tokio::spawn(async move { while matches!(log.next_line().await, Ok(Some(_))) {} });
        self.run = Run::Program(child);
    }

    /// Stops as an operator stops it: requests finish first.
    pub async fn stop(&mut self) {
        match std::mem::replace(&mut self.run, Run::Stopped) {
            Run::Stopped => {}
            Run::Here { stop, task } => {
                stop.send(()).expect("it runs until it is stopped");
                task.await.expect("it ends well");
            }
            Run::Program(_) => unreachable!("programs are killed here"),
        }
    }

    /// The process of its own that it runs in.
    pub fn process(&self) -> Option<u32> {
        match &self.run {
            Run::Program(child) => child.id(),
            Run::Stopped | Run::Here { .. } => None,
        }
    }

    /// `kill -9`.
    pub async fn kill(&mut self) {
        let Run::Program(mut child) = std::mem::replace(&mut self.run, Run::Stopped) else {
            unreachable!("only a program can be killed")
        };
        child.kill().await.expect("it runs until it is killed");
    }
}
