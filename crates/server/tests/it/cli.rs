//! The program itself: what its commands print, and how they end.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use server::pack_load;

use crate::place::{Outside, Place};

fn sotay(place: &Place, arguments: &[&str]) -> Output {
    place.program(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn an_operator_loads_a_pack_adds_people_and_makes_a_backup() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path().join("data")).await;
    let pack = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packs/long-khanh-2024");
    let run = |arguments: &[&str]| {
        let output = sotay(&place, arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    let load = ["pack", "load", pack, "--demo-users", "--demo-password", "mật khẩu demo"];
    let first = run(&load);
    assert!(
        first.contains("in force now")
            && first.contains("officer")
            && first.contains("coordinator"),
        "{first}"
    );
    assert!(!first.contains("left as it was"), "{first}");
    let again = run(&load);
    assert!(again.contains("was in force already"), "{again}");
    assert!(again.contains("left as it was, password too"), "{again}");

    let listed = run(&["user", "list"]);
    let demo: Vec<&str> = listed.lines().next().unwrap().split_whitespace().collect();
    let unit = demo[2];
    let added = run(&[
        "user",
        "add",
        "lan",
        "--role",
        "officer",
        "--unit",
        unit,
        "--display-name",
        "Chị Lan",
    ]);
    let password = added.lines().find_map(|line| line.strip_prefix("password: ")).unwrap();
    assert!(password.len() >= 20, "{password}");
    assert!(run(&["user", "list"]).contains("Chị Lan"));
    let made = run(&["user", "code", "lan", "--minutes", "30"]);
    assert!(made.lines().any(|line| line.starts_with("code: ") && line.len() == 29), "{made}");
    let made = run(&["user", "token", "lan", "--device-name", "Samsung A05"]);
    let address = made.lines().last().unwrap();
    assert_eq!(address.strip_prefix("/openrosa/").map(str::len), Some(64), "{made}");
    assert!(run(&["session", "list"]).contains("Samsung A05"));
    let limited = ["user", "add", "nam", "--role", "officer", "--unit", unit, "--programme"];
    run(&[&limited[..], &["binh_dang_gioi"]].concat());
    assert_eq!(run(&["person", "find", "--value", "Nguyễn Văn Không Có"]), "0 mentions\n");
    let zip = folder.path().join("nam.zip");
    run(&["person", "export", zip.to_str().unwrap(), "--account", "nam"]);
    assert!(std::fs::read(&zip).unwrap().starts_with(b"PK"));
    assert!(run(&["person", "erase", "--account", "nam"]).contains("erased"));
    assert!(run(&["retention"]).contains("0 fields of 0 records erased"));
    assert!(run(&["user", "disable", "lan"]).contains("disabled"));
    assert_eq!(run(&["session", "list"]), "");
    let log = run(&["audit", "list", "--last", "6"]);
    let actions: Vec<&str> =
        log.lines().map(|line| line.split_whitespace().nth(3).unwrap()).collect();
    assert_eq!(
        actions,
        [
            "account_disable",
            "account_erase",
            "person_export",
            "account_add",
            "token_make",
            "code_make"
        ],
        "{log}"
    );
    let proved = run(&["audit", "verify"]);
    let head = proved.trim_end().rsplit_once(' ').unwrap().1;
    assert_eq!(head.split_once(':').unwrap().1.len(), 64, "{proved}");
    assert_eq!(run(&["audit", "verify", "--head", head]), proved);
    let other = format!("1:{}", "0".repeat(64));
    let broken = sotay(&place, &["audit", "verify", "--head", &other]);
    assert_eq!(broken.status.code(), Some(1));
    assert!(text(&broken.stderr).contains("row 1 is another one"), "{}", text(&broken.stderr));
    let backups = folder.path().join("backups");
    assert!(run(&["backup", backups.to_str().unwrap()]).contains("checked"));
    let place = Place::new(folder.path().join("restored")).await;
    let restored = sotay(&place, &["restore", backups.to_str().unwrap()]);
    assert_eq!(restored.status.code(), Some(0), "{}", text(&restored.stderr));
    assert!(text(&sotay(&place, &["user", "list"]).stdout).contains("Chị Lan"));
    let again = sotay(&place, &["restore", backups.to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(1), "a restore never overwrites");
}

#[tokio::test]
async fn every_mistake_is_told_with_an_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path().join("data")).await;
    place.open().await.close().await;
    let data = place.config.data.display().to_string();
    let cases: &[(&[&str], i32, &str)] = &[
        (&[], 2, "Usage"),
        (&["key", "show"], 1, "no key yet"),
        (&["pack", "load", "/there/is/no/such/folder"], 1, "/there/is/no/such/folder"),
        (&["pack", "check", env!("CARGO_MANIFEST_DIR")], 1, "pack.toml"),
        (&["user", "add", "lan", "--role", "king", "--unit", "x"], 2, "officer"),
        (&["user", "add", "lan", "--role", "officer", "--unit", "khong_co"], 1, "khong_co"),
        (&["session", "revoke", "7"], 1, "7"),
        (&["user", "code", "khong_co_ai"], 1, "khong_co_ai"),
        (&["user", "token", "khong_co_ai"], 1, "khong_co_ai"),
        (&["user", "code", "lan", "--minutes", "99999"], 2, "99999"),
        (&["audit", "verify", "--head", "x"], 2, "a row and its hash"),
        (&["serve", "--listen", "256.0.0.1:1"], 2, "256.0.0.1:1"),
        (&["serve", "--backup-every", "1h"], 2, "--backup-to"),
        (&["serve", "--backup-to", "x", "--backup-every", "0h"], 2, "24h"),
        (&["person", "find", "--value", "Hoa"], 1, "4 letters"),
        (&["person", "erase", "--value", "Nguyễn Thị Hoa"], 2, "--mentions"),
        (
            &["person", "erase", "--value", "Nguyễn Thị Hoa", "--mentions", "1"],
            1,
            "0 mentions were found",
        ),
        (&["person", "erase", "--account", "khong_co_ai"], 1, "khong_co_ai"),
        (&["person", "export", "x.zip"], 2, "--value"),
        (
            &["person", "find", "--value", "Nguyễn Thị Hoa", "--record", "x"],
            2,
            "32 hexadecimal digits",
        ),
        (&["sever"], 2, "serve"),
        (&["user", "ad"], 2, "add"),
        (&["--database", "mysql://x", "user", "list"], 1, "postgres://"),
        (&["--blobs", "ftp://x", "retention"], 1, "s3://"),
        (&["serve", "--public-url", "example.vn"], 1, "https://"),
        (&["serve", "--passkeys-for", "king"], 2, "administrator"),
        (&["serve", "--passkeys-must", "king"], 2, "administrator"),
        (
            &["serve", "--passkeys-must", "auditor", "--public-url", "https://127.0.0.1"],
            1,
            "needs a --public-url with https and a name",
        ),
        (&["user", "disable", "khong_co_ai"], 1, "khong_co_ai"),
        (&["session", "revoke", "x"], 2, "<ID>"),
        (&["audit", "list", "--last", "x"], 2, "--last"),
        (&["retention", "--dry"], 2, "--dry-run"),
        (&["bundle", "import"], 2, "<FILE>"),
        (
            &["bundle", "import", "/there/is/no.sotay"],
            1,
            "/there/is/no.sotay: not read: No such file",
        ),
        (&["bundle", "import", "/there/is/no.sotay", "--from", "khong_co_ai"], 1, "khong_co_ai"),
        (&["backup"], 2, "<FOLDER>"),
        (&["serve", "--backup-to", &data], 1, "is the data folder"),
        (&["backup", &data], 1, "is the data folder"),
    ];
    for (arguments, code, words) in cases {
        let output = sotay(&place, arguments);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(*code), "{arguments:?}: {told}");
        assert!(told.contains(words), "{arguments:?}: {told}");
    }
}

#[tokio::test]
async fn a_folder_that_was_mistyped_is_no_empty_database() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::file(folder.path().join("data"));
    let cases: &[&[&str]] = &[
        &["audit", "verify"],
        &["audit", "list"],
        &["person", "find", "--value", "Nguyễn Thị Hoa"],
        &["person", "export", "x.zip", "--account", "lan"],
        &["retention"],
        &["key", "rotate"],
        &["user", "list"],
        &["user", "disable", "lan"],
        &["session", "list"],
        &["bundle", "import", "x.sotay"],
        &["backup", "x"],
    ];
    for arguments in cases {
        let output = sotay(&place, arguments);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {told}");
        assert!(told.contains("no database") && told.contains("--data"), "{arguments:?}: {told}");
        assert!(told.contains(place.config.data.to_str().unwrap()), "{arguments:?}: {told}");
        assert!(!place.config.data.exists(), "{arguments:?}");
    }
}

#[tokio::test]
async fn what_is_held_about_people_is_closed_to_others_whichever_command_writes_it() {
    let folder = tempfile::tempdir().unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let place = Place::new(folder.path().join("data")).await;
    let pack = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packs/long-khanh-2024");
    let run = |place: &Place, arguments: &[&str]| {
        let output = sotay(place, arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    };
    run(&place, &["pack", "load", pack]);
    assert_eq!(mode(&place.config.data), 0o700);
    run(&place, &["user", "add", "lan", "--role", "officer", "--unit", "dn_p_long_khanh"]);
    let zip = folder.path().join("lan.zip");
    let export = ["person", "export", zip.to_str().unwrap(), "--account", "lan"];
    run(&place, &export);
    assert_eq!(mode(&zip), 0o600);
    std::fs::write(&zip, "somebody's only copy").unwrap();
    let again = sotay(&place, &export);
    let told = text(&again.stderr);
    assert!(again.status.code() == Some(1) && told.contains("lan.zip"), "{told}");
    assert_eq!(std::fs::read(&zip).unwrap(), b"somebody's only copy");
    let log = text(&sotay(&place, &["audit", "list"]).stdout);
    assert_eq!(log.matches("person_export").count(), 1, "{log}");
    let nobody = folder.path().join("nobody.zip");
    let failed = sotay(&place, &["person", "export", nobody.to_str().unwrap(), "--account", "ai"]);
    assert!(!failed.status.success() && !nobody.exists());
    let backups = folder.path().join("backups");
    run(&place, &["backup", backups.to_str().unwrap()]);
    assert_eq!(mode(&backups), 0o700);
    let restored = Place::new(folder.path().join("restored")).await;
    run(&restored, &["restore", backups.to_str().unwrap()]);
    assert_eq!(mode(&restored.config.data), 0o700);
}

/// A folder with the files of the repository's pack, one of them changed.
fn pack_with(folder: &Path, name: &str, change: impl Fn(&str) -> String) -> String {
    let pack = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packs/long-khanh-2024");
    let mut files = pack_load::read_folder(Path::new(pack)).unwrap();
    let changed = change(&text(&files[name]));
    files.insert(name.to_owned(), changed.into_bytes());
    for (name, bytes) in files {
        let file = folder.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }
    folder.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_pack_that_lacks_what_people_work_with_is_put_in_force_only_when_that_is_meant() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path().join("data")).await;
    let unit =
        "don_vi_thu,Đơn vị thử,Trial unit,phuong,xa,tinh_dong_nai,,2020-01-01,,,,,,,1,verified,";
    let more = |units: &str| format!("{}\n{unit}\n", units.trim_end());
    let renamed = |pack: &str| pack.replacen("id = \"long-khanh-2024\"", "id = \"khac\"", 1);
    let first = pack_with(&folder.path().join("a"), "tables/org_units.csv", more);
    let without = pack_with(&folder.path().join("b"), "pack.toml", str::to_owned);
    let other = pack_with(&folder.path().join("c"), "pack.toml", renamed);
    let load = |pack: &str, more: &[&str]| {
        let output = sotay(&place, &[&["pack", "load", pack], more].concat());
        (output.status.code(), text(&output.stderr), text(&output.stdout))
    };
    assert_eq!(load(&first, &[]).0, Some(0));
    for (name, unit) in [("lan", "don_vi_thu"), ("minh", "lk_p_xuan_an")] {
        let output = sotay(&place, &["user", "add", name, "--role", "officer", "--unit", unit]);
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    let (code, told, _) = load(&without, &[]);
    assert!(code == Some(1) && told.contains("--replace"), "{told}");
    assert!(told.contains("don_vi_thu") && told.contains("lan"), "{told}");
    let (_, _, said) = load(&first, &[]);
    assert!(said.contains("was in force already"), "{said}");
    assert!(
        said.contains("minh works at lk_p_xuan_an, which ended 2025-06-30 (now dn_p_long_khanh)"),
        "{said}"
    );
    assert!(!said.contains("lan works"), "{said}");
    let (code, told, said) = load(&without, &["--replace"]);
    assert!(code == Some(0) && said.contains("in force now"), "{told}{said}");
    let (code, told, _) = load(&other, &[]);
    assert!(code == Some(1) && told.contains("khac") && told.contains("long-khanh"), "{told}");
    assert!(sotay(&place, &["user", "disable", "minh"]).status.success());
    assert!(!load(&without, &[]).2.contains("minh works"), "who is gone need not move");
}

/// The question that was meant would be everybody's to see, and no phone gives back what it was sent.
#[tokio::test]
async fn a_question_that_no_form_asks_is_personal_only_where_that_is_meant() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path().join("data")).await;
    let table = "tables/personal_data.csv";
    let mistyped = |rows: &str| rows.replacen("hoc_vien/hv_dt", "hoc_vien/dt", 1);
    let right = pack_with(&folder.path().join("a"), table, str::to_owned);
    let wrong = pack_with(&folder.path().join("b"), table, mistyped);
    let load = |pack: &str, more: &[&str]| {
        let output = sotay(&place, &[&["pack", "load", pack], more].concat());
        (output.status.code(), text(&output.stderr), text(&output.stdout))
    };
    let rules = async || {
        let database = place.open().await;
        let rules = database.personal_rules().await.unwrap();
        database.close().await;
        rules
    };
    assert_eq!(load(&right, &[]).0, Some(0));
    let before = rules().await;
    let (code, told, said) = load(&wrong, &[]);
    assert!(code == Some(1) && !said.contains("in force"), "{told}{said}");
    let told: Vec<&str> = told.lines().filter(|line| line.contains("was ever here")).collect();
    assert!(
        told.len() == 1
            && told[0].starts_with("tables/personal_data.csv, row ")
            && told[0].contains("`hoc_vien/dt`"),
        "{told:?}"
    );
    assert_eq!(rules().await, before, "the one in force stays so");
    let (code, told, said) = load(&wrong, &["--replace"]);
    assert!(code == Some(0) && said.contains("in force now"), "{told}{said}");
    assert_eq!(load(&right, &[]).0, Some(0));

    // A version that phones filled in before asked it.
    let files = pack_load::read_folder(Path::new(&right)).unwrap();
    let mut old = pack_load::check(&files).0.unwrap().to_load();
    old.hash = sync::codec::hash(b"old");
    let row = old.forms.iter_mut().find(|row| row.form.id == "lk_lop_tap_huan").unwrap();
    row.xml = row.xml.replace("hv_dt", "dt");
    (row.form.version, row.form.hash) = ("1".into(), sync::codec::hash(row.xml.as_bytes()));
    let database = place.open().await;
    assert!(database.load_pack(&old, 1).await.unwrap());
    database.close().await;
    let (code, told, said) = load(&wrong, &[]);
    assert!(code == Some(0) && said.contains("in force now"), "{told}{said}");
}

/// The variable is read at each start of the service: what a refusal prints stays in its journal.
#[tokio::test]
async fn an_address_of_a_database_that_is_none_is_refused_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path().join("data")).await;
    let mut program = place.program(&["user", "list"]);
    let output = program.env("DATABASE_URL", "mysql://sotay:secret@db/sotay").output().unwrap();
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("DATABASE_URL") && !told.contains("secret"), "{told}");
}

#[tokio::test]
async fn a_copy_that_is_none_is_refused_by_its_name_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path().join("data")).await;
    let (backups, name) = (folder.path().join("backups"), "sotay-20260101T000000000Z.sqlite");
    let missing = sotay(&place, &["restore", backups.to_str().unwrap()]);
    let told = text(&missing.stderr);
    assert!(missing.status.code() == Some(1) && told.contains("backups"), "{told}");
    std::fs::create_dir(&backups).unwrap();
    std::fs::write(backups.join(name), "x".repeat(5000)).unwrap();
    let output = sotay(&place, &["restore", backups.to_str().unwrap()]);
    let told = text(&output.stderr);
    assert!(output.status.code() == Some(1) && told.contains(name), "{told}");
    assert_eq!(std::fs::read_dir(&place.config.data).unwrap().count(), 0);
}

/// An older server that runs could never be started again, and what a newer one wrote this one cannot read.
#[tokio::test]
async fn a_database_of_another_version_is_told_so_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path().join("data")).await;
    place.open().await.close().await;
    let backups = folder.path().join("backups");
    let backups = backups.to_str().unwrap();
    assert!(sotay(&place, &["backup", backups]).status.success());
    let refused = |place: &Place, arguments: &[&str], words: &str| {
        let output = sotay(place, arguments);
        let told = text(&output.stderr) + &text(&output.stdout);
        assert!(output.status.code() == Some(1) && told.contains(words), "{arguments:?}: {told}");
    };
    let later = |checksum: &str| {
        format!(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (999999, 'later', TRUE, {checksum}, 0)"
        )
    };
    let (sqlite, postgres) = (later("x'00'"), later("'\\x00'"));
    place.outside().await.say_to(&sqlite, &postgres).await.unwrap();
    let pack = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packs/long-khanh-2024");
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    for arguments in [&["user", "list"][..], &["pack", "load", pack], &serve] {
        refused(&place, arguments, "a newer sotay-server");
    }
    let older = "DELETE FROM _sqlx_migrations WHERE version IN
        (SELECT version FROM _sqlx_migrations ORDER BY version DESC LIMIT 2)";
    place.outside().await.say(older).await.unwrap();
    for arguments in
        [&["user", "list"][..], &["audit", "verify"], &["backup", backups], &["pack", "load", pack]]
    {
        refused(&place, arguments, "of an older version than this program");
    }

    let copies = pack_load::read_folder(Path::new(backups)).unwrap().into_keys();
    let copy = copies.into_iter().find(|name| name.ends_with(".sqlite")).unwrap();
    Outside::file(&Path::new(backups).join(&copy)).await.say(&sqlite).await.unwrap();
    let restored = Place::new(folder.path().join("restored")).await;
    refused(&restored, &["restore", backups], "a newer sotay-server");
    assert_eq!(std::fs::read_dir(&restored.config.data).unwrap().count(), 0);
}

#[tokio::test]
async fn nobody_is_called_what_has_no_address() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path().join("data")).await;
    let pack = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packs/long-khanh-2024");
    assert!(sotay(&place, &["pack", "load", pack]).status.success());
    for name in ["lan ", "a/b", "lân", ""] {
        let add = ["user", "add", name, "--role", "officer", "--unit", "dn_p_long_khanh"];
        let output = sotay(&place, &add);
        let told = text(&output.stderr);
        assert!(output.status.code() == Some(1) && told.contains("a-z"), "{name:?}: {told}");
    }
}

/// What stands below `Commands:` in a help text.
fn commands_in(help: &str) -> Vec<String> {
    let below = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = below.take_while(|line| !line.is_empty()).filter_map(|line| {
        // What is longer than a line goes on further in.
        line.strip_prefix("  ").filter(|line| !line.starts_with(' '))?.split_whitespace().next()
    });
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[tokio::test]
async fn every_command_says_what_it_is_for_and_what_it_takes() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path().join("data")).await;
    let help = |path: &[String]| {
        let mut arguments: Vec<&str> = path.iter().map(String::as_str).collect();
        arguments.push("--help");
        let output = sotay(&place, &arguments);
        assert_eq!(output.status.code(), Some(0), "{path:?}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    let mut waiting = vec![Vec::new()];
    let mut last = Vec::new();
    while let Some(path) = waiting.pop() {
        let said = help(&path);
        let usage =
            format!("Usage: {}", [&["sotay-server".to_owned()][..], &path].concat().join(" "));
        assert!(said.contains(&usage), "{path:?}: {said}");
        assert!(!said.starts_with("Usage"), "{path:?} does not say what it is for: {said}");
        let below = commands_in(&said);
        if below.is_empty() {
            last.push(path.join(" "));
        }
        waiting.extend(below.into_iter().map(|name| [&path[..], &[name]].concat()));
    }
    last.sort();
    assert_eq!(
        last,
        [
            "audit list",
            "audit verify",
            "backup",
            "bundle import",
            "key rotate",
            "key show",
            "pack check",
            "pack load",
            "person erase",
            "person export",
            "person find",
            "restore",
            "retention",
            "serve",
            "session list",
            "session revoke",
            "user add",
            "user code",
            "user disable",
            "user list",
            "user token",
        ]
    );
    assert!(!place.config.data.exists(), "who asks for help gets no database");
}

#[tokio::test]
async fn a_server_that_cannot_start_names_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path().join("data")).await;
    let said = |place: &Place, arguments: &[&str]| {
        let output = sotay(place, arguments);
        assert!(!output.status.success(), "{arguments:?}");
        let said = text(&output.stderr) + &text(&output.stdout);
        assert!(!said.contains("serving"), "{said}");
        said
    };
    let file = folder.path().join("tep");
    std::fs::write(&file, "no folder").unwrap();
    let below = file.join("data");
    let data = said(&Place::file(&below), &["serve", "--listen", "127.0.0.1:0"]);
    assert!(data.contains(below.to_str().unwrap()), "{data}");
    let no_app =
        said(&place, &["serve", "--listen", "127.0.0.1:0", "--app", "/there/is/no/such/folder"]);
    assert!(no_app.contains("/there/is/no/such/folder"), "{no_app}");
}
