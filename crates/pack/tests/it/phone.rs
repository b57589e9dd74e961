//! What the phone downloads.

use pack::phone::{PhoneFile, PhonePack, PublishedForm};

use crate::{real_files, real_pack};

fn published(pack: &pack::Pack) -> Vec<PublishedForm> {
    pack.forms
        .iter()
        .map(|form| PublishedForm {
            id: form.form_id.clone(),
            version: form.version.clone(),
            hash: format!("{:064x}", form.row),
            bytes: u64::from(form.row),
            files: Vec::new(),
        })
        .collect()
}

#[test]
fn the_phone_reads_back_what_the_server_writes() {
    let pack = real_pack();
    let json = pack::phone_json(&pack, &published(&pack)).to_string();
    let phone: PhonePack = serde_json::from_str(&json).expect("the phone reads it");
    assert_eq!(serde_json::to_string(&phone).map(|text| text.len()).ok(), Some(json.len()));
    assert_eq!(phone.units.scope(&["dn_p_xuan_lap"]), pack.units.scope(&["dn_p_xuan_lap"]));
    assert_eq!(
        phone.form("lk_kt_phuong_xa").map(|form| form.title.get("en").is_empty()),
        Some(false)
    );
    assert!(!json.contains("so-tay-342"), "no password of the demonstration goes to a phone");
}

#[test]
fn it_has_the_shape_that_the_interface_promises() {
    let pack = real_pack();
    let json = pack::phone_json(&pack, &published(&pack));
    assert_eq!(json["title"]["vi"], pack.manifest.title.get("vi"));
    let form = &json["forms"][0];
    for key in ["id", "version", "hash", "title", "kind", "how_often", "clauses", "used_by"] {
        assert!(!form[key].is_null(), "forms[].{key}");
    }
    let kind = &json["form_kinds"][0];
    assert_eq!((&kind["id"], &kind["title"]["en"]), (&form["kind"], &"Inspection".into()));
    let half_year = &json["periods"][2];
    assert_eq!(
        (&half_year["id"], &half_year["title"]["en"]),
        (&"12-15/6".into(), &"Half-year".into())
    );
    let often = "By the inspection plan (proposed: once a year for each unit, twice a year by the unit itself)";
    assert_eq!(form["how_often"]["en"], often);
    for key in ["id", "name", "parent", "kind", "valid_from", "valid_to", "successors"] {
        assert!(json["units"][5].get(key).is_some(), "units[].{key}");
    }
    assert_eq!(json["units"][5]["valid_to"], "2025-06-30");
    for key in
        ["tasks", "indicators", "legal_refs", "clauses", "report_outline", "violations", "events"]
    {
        assert!(json[key].as_array().is_some_and(|rows| !rows.is_empty()), "{key}");
    }
}

#[test]
fn a_phone_is_told_how_much_a_pin_is_asked_for_and_after_how_many_wrong_ones_it_is_emptied() {
    let mut pack = real_pack();
    let json = pack::phone_json(&pack, &published(&pack));
    for key in ["wipe_after", "pin"] {
        assert!(json.get(key).is_none(), "a pack that does not say {key} is what it was before");
    }
    pack.manifest.wipe_after = Some(10);
    pack.manifest.pin = Some("wanted".to_owned());
    let told = pack::phone_json(&pack, &published(&pack));
    assert_eq!((&told["wipe_after"], &told["pin"]), (&10.into(), &"wanted".into()));
}

#[test]
fn a_form_that_was_withdrawn_stays_in_the_list_with_a_word_of_it() {
    let mut files = real_files();
    let before = real_pack();
    let json = pack::phone_json(&before, &published(&before));
    assert!(
        json["forms"][0].get("withdrawn").is_none(),
        "a pack that does not say it is as before"
    );
    let table = "tables/forms.csv";
    let text = String::from_utf8(files[table].clone()).expect("a table is text");
    let mut rows = text.lines();
    let head = rows.next().map(|head| format!("{head},withdrawn"));
    let rows =
        rows.enumerate().map(|(at, row)| format!("{row},{}", if at == 0 { "1" } else { "" }));
    let text: Vec<String> = head.into_iter().chain(rows).collect();
    files.insert(table.to_owned(), text.join("\n").into_bytes());
    let after = pack::read(&files).0.expect("the pack is as good as before");
    let told = pack::phone_json(&after, &published(&after));
    assert_eq!(told["forms"][0]["withdrawn"], true);
    assert_eq!(told["forms"][0]["title"], json["forms"][0]["title"]);
    assert!(told["forms"][1].get("withdrawn").is_none());
}

#[test]
fn a_form_that_is_not_published_is_not_in_the_list_and_another_version_is_another_hash() {
    let pack = real_pack();
    let mut forms = published(&pack);
    let before = pack::phone_json(&pack, &forms);
    forms[0].hash = "f".repeat(64);
    let other = pack::phone_json(&pack, &forms);
    assert_ne!(before["hash"], other["hash"]);
    let file = PhoneFile {
        name: "xa.csv".to_owned(),
        hash: "e".repeat(64),
        bytes: 5,
        media_type: "text/csv".to_owned(),
    };
    forms[0].files.push(file);
    let with_a_file = pack::phone_json(&pack, &forms);
    assert_ne!(with_a_file["hash"], other["hash"]);
    assert_eq!(with_a_file["forms"][0]["files"][0]["name"], "xa.csv");
    assert!(other["forms"][0].get("files").is_none(), "a form without files is what it was before");
    forms.truncate(3);
    assert_eq!(pack::phone_json(&pack, &forms)["forms"].as_array().map(Vec::len), Some(3));
}
