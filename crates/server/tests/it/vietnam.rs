//! The pack that the product comes with, from its spreadsheets to a running server.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::path::Path;

use calamine::{DataType, Reader, Xlsx};
use form::Resources;
use server::export::{Chosen, Export, Language, Version, workbook};
use server::pack_load;

use crate::app::{Answer, TestApp};
use crate::preview::preview;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/long-khanh-2024")
}

#[tokio::test]
async fn the_pack_loads_whole_twice_with_its_people() {
    let files = pack_load::read_folder(&folder()).unwrap();
    let (checked, problems) = pack_load::check(&files);
    let errors: Vec<String> =
        problems.iter().filter(|problem| !problem.is_warning).map(ToString::to_string).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    let checked = checked.unwrap();
    let server = TestApp::start().await;
    let database = server.app.database();
    let new = checked.to_load();
    assert_eq!(new.forms.len(), files.keys().filter(|name| name.ends_with(".xlsx")).count());
    assert!(database.load_pack(&new, 1).await.unwrap());
    assert!(!database.load_pack(&new, 2).await.unwrap());
    let users = checked.demo_users();
    let roles: BTreeSet<&str> = users.iter().map(|user| user.role.as_str()).collect();
    assert!(roles.is_superset(&["officer", "trainer", "coordinator"].into()), "{roles:?}");
    for _ in 0..2 {
        pack_load::add_demo_users(database, users, Some("mật khẩu demo"), 1).await.unwrap();
    }
    for user in users {
        let answer =
            server.sign_in(&user.name, "mật khẩu demo", sync::wire::DeviceId([1; 16])).await;
        assert_eq!(answer.json()["unit"], user.unit.as_str());
        assert!(!answer.json()["scope"].as_array().unwrap().is_empty(), "{}", user.name);
    }
}

#[tokio::test]
async fn what_another_pack_would_take_away_is_told_by_unit_with_its_people_and_records() {
    let files = pack_load::read_folder(&folder()).unwrap();
    let pack = pack_load::check(&files).0.unwrap().pack;
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    lan.push(&[lan.create(1, 1, "phuong_a", &[])]).await;
    let losses = pack_load::losses(server.app.database(), &pack).await.unwrap();
    assert_eq!(losses.len(), 4, "{losses:?}");
    assert!(losses[0].contains(" thu,") && losses[0].contains(" long-khanh-2024"), "{losses:?}");
    assert!(losses[2].contains("phuong_a ") && losses[2].contains("1 records"), "{losses:?}");
    assert!(losses[2].ends_with("an, kiem, lan, minh, quan_tri, thu"), "{losses:?}");
    assert!(losses[3].contains("phuong_b ") && losses[3].ends_with(": hoa"), "{losses:?}");
}

/// Whoever slips once looks for one line, which says where.
#[test]
fn one_mistake_in_a_table_is_one_problem_with_its_row_and_column() {
    let files = pack_load::read_folder(&folder()).unwrap();
    let before = pack_load::check(&files).1;
    let table = "tables/forms.csv";
    let rows = String::from_utf8(files[table].clone()).unwrap();
    let (_, after) = rows.split_once("lk_kt_phuong_xa,").expect("a row");
    let (version, _) = after.split_once(',').expect("a version");
    let (row, unlike) =
        (format!("lk_kt_phuong_xa,{version}"), format!("lk_kt_phuong_xa,{version}9"));
    let unlike_told = format!(
        "tables/forms.csv, row 2, column version: this is `{version}9`, and the settings of forms/kt_phuong_xa.xlsx say `{version}`"
    );
    for (right, wrong, told) in [
        (",inspection,", ",inspektion,", "tables/forms.csv, row 2, column kind: "),
        (&row, &unlike, &unlike_told),
    ] {
        let mut files = files.clone();
        files.insert(table.to_owned(), rows.replacen(right, wrong, 1).into_bytes());
        let (checked, mut problems) = pack_load::check(&files);
        problems.retain(|problem| !before.contains(problem));
        assert!(checked.is_none() && problems.len() == 1, "{problems:?}");
        assert!(!problems[0].is_warning && problems[0].text.starts_with(told), "{problems:?}");
    }
}

/// The units are all there: what nobody sees any more is what counts.
#[tokio::test]
async fn a_pack_that_lays_records_programmes_or_forms_out_of_sight_says_so() {
    let files = pack_load::read_folder(&folder()).unwrap();
    let mut pack = pack_load::check(&files).0.unwrap().pack;
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    lan.push(&[lan.create(1, 1, "phuong_a", &[])]).await;
    let database = server.app.database();
    let mut now = crate::app::pack();
    let mut json: serde_json::Value = serde_json::from_slice(&now.json).unwrap();
    json["forms"] = serde_json::json!([{ "id": "kiem_tra", "file": "kiem_tra", "version": "1", "hash": "", "bytes": 0,
        "title": { "vi": "Kiểm tra" }, "kind": "", "programme": "tre_em", "clauses": [], "used_by": "",
        "personal_data": false, "sensitive_data": false }]);
    (now.json, now.hash) = (json.to_string().into_bytes(), sync::codec::hash(b"with a programme"));
    now.programmes = [("kiem_tra".to_owned(), "tre_em".to_owned())].into();
    assert!(database.load_pack(&now, 2).await.unwrap());
    let limited = "INSERT INTO account_programme (account, programme) VALUES ('hoa', 'tre_em')";
    server.place.outside().await.say(limited).await.unwrap();

    let mut units: Vec<pack::Unit> = database.pack_in_force().await.unwrap().unwrap().units.into();
    pack.manifest.id = "thu".to_owned();
    pack.units = units.clone().into();
    let form_of = pack.forms[0].clone();
    pack.forms[0].form_id = "kiem_tra".to_owned();
    pack.forms[0].programme = "tre_em".to_owned();
    assert_eq!(pack_load::losses(database, &pack).await.unwrap(), Vec::<String>::new());
    assert_eq!(pack_load::left_out(database, &pack).await.unwrap(), Vec::<String>::new());

    units[1].parent = None;
    units[2].parent = None;
    pack.units = units.into();
    pack.forms[0] = form_of;
    let losses = pack_load::losses(database, &pack).await.unwrap();
    // Nothing was written for the other ward.
    assert_eq!(losses.len(), 2, "{losses:?}");
    assert!(losses[0].contains("phuong_a ") && losses[0].contains("1 records"), "{losses:?}");
    assert!(losses[0].ends_with("kiem, quan_tri, thu"), "{losses:?}");
    assert!(losses[1].contains("tre_em") && losses[1].ends_with("hoa"), "{losses:?}");
    let left_out = pack_load::left_out(database, &pack).await.unwrap();
    assert_eq!(left_out.len(), 1);
    assert!(left_out[0].contains("kiem_tra") && left_out[0].contains("1 records"), "{left_out:?}");
}

#[tokio::test]
async fn a_unit_has_ended_from_the_first_hour_of_the_day_there() {
    let files = pack_load::read_folder(&folder()).unwrap();
    let checked = pack_load::check(&files).0.unwrap();
    let server = TestApp::start().await;
    let (database, pack) = (server.app.database(), &checked.pack);
    database.load_pack(&checked.to_load(), 1).await.unwrap();
    let unit = pack.units.get("lk_p_xuan_an").unwrap();
    assert_eq!(unit.valid_to, "2025-06-30".parse().ok());
    let mut user = checked.demo_users()[0].clone();
    user.unit.clone_from(&unit.id);
    pack_load::add_demo_users(database, &[user], None, 1).await.unwrap();
    let midnight_ms = 1_751_302_800_000; // 17:00 of the day before in Greenwich
    let told = async |now_ms| pack_load::out_of_time(database, pack, now_ms).await.unwrap();
    assert!(told(midnight_ms - 1).await.is_empty());
    let lines = told(midnight_ms).await;
    assert!(lines.len() == 1 && lines[0].contains("which ended 2025-06-30"), "{lines:?}");
}

#[tokio::test]
async fn the_columns_that_the_pack_keeps_are_nothing_to_mend_when_its_forms_are_tried() {
    let files = pack_load::read_folder(&folder()).unwrap();
    let server = TestApp::start().await;
    let name = "forms/kho_khan.xlsx";
    let unknown = |answer: Answer| {
        let problems = answer.json()["problems"].clone();
        let problems = problems.as_array().unwrap().iter();
        let told: Vec<&str> =
            problems.filter_map(|problem| problem["text"]["en"].as_str()).collect();
        told.iter().filter(|text| text.contains("not known")).count()
    };
    assert_eq!(unknown(preview(&server, "kho_khan.xlsx", &files[name]).await), 3, "another pack");
    let (checked, _) = pack_load::check(&files);
    server.app.database().load_pack(&checked.unwrap().to_load(), 1).await.unwrap();
    assert_eq!(unknown(preview(&server, "kho_khan.xlsx", &files[name]).await), 0);
}

#[test]
fn a_broken_form_loads_nothing_and_says_where() {
    let mut files = pack_load::read_folder(&folder()).unwrap();
    let name = files.keys().find(|name| name.ends_with(".xlsx")).unwrap().clone();
    files.insert(name.clone(), b"not a spreadsheet".to_vec());
    let (checked, problems) = pack_load::check(&files);
    assert!(checked.is_none());
    assert!(
        problems.iter().any(|problem| !problem.is_warning && problem.text.starts_with(&name)),
        "{problems:?}"
    );
}

#[test]
fn every_form_of_the_pack_makes_a_spreadsheet_with_headings_in_both_languages() {
    let files = pack_load::read_folder(&folder()).unwrap();
    let checked = pack_load::check(&files).0.unwrap();
    for row in &checked.forms {
        let (form, _) = form::parse_xform(&row.xml).unwrap();
        let versions = [Version { form, lists: Resources::default() }];
        let heads = [Language::Vietnamese, Language::English].map(|language| {
            let export = Export {
                versions: &versions,
                records: &[],
                units: &checked.pack.units,
                language,
                offset_min: 420,
                base_url: "",
                chosen: &Chosen::default(),
            };
            let mut sheets = Xlsx::new(Cursor::new(workbook(&export).unwrap())).unwrap();
            let names = sheets.sheet_names();
            let mut headings = Vec::new();
            for (at, name) in names.iter().enumerate() {
                assert!(!name.is_empty() && name.encode_utf16().count() <= 31, "{name}");
                let range = sheets.worksheet_range_at(at).unwrap().unwrap();
                let first = range.rows().next().unwrap();
                let own: Vec<String> = first.iter().filter_map(DataType::as_string).collect();
                let distinct: BTreeSet<&String> = own.iter().collect();
                assert_eq!(distinct.len(), own.len(), "two of one name in {name}: {own:?}");
                headings.extend(own);
            }
            // And those of the records, and of what they were chosen by.
            assert_eq!(row.xml.matches("<repeat ").count() + 2, names.len(), "{}", row.form.id);
            headings
        });
        assert_eq!(heads[0].len(), heads[1].len());
        let differ = heads[0].iter().zip(&heads[1]).filter(|(vi, en)| vi != en).count();
        assert!(differ * 2 > heads[0].len(), "{}: {:?}", row.form.id, heads[1]);
    }
}
