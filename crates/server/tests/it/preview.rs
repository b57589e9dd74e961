//! A spreadsheet is tried: its form and its problems come back, and nothing stays.

use axum::body::Body;
use axum::http::{Method, StatusCode};

use crate::app::{Answer, TestApp};

pub async fn preview(server: &TestApp, name: &str, bytes: &[u8]) -> Answer {
    let lan = server.device("lan").await;
    post(server, name, bytes, &lan.cookie).await
}

async fn post(server: &TestApp, name: &str, bytes: &[u8], cookie: &str) -> Answer {
    let headers = [("cookie", cookie), ("x-sotay", "1")];
    let path = format!("/api/v1/forms/preview?name={name}");
    server.request(Method::POST, &path, &headers, Body::from(bytes.to_vec())).await
}

const GOOD: &str = "survey,,,\n,type,name,label\n,text,ten,Tên\n,integer,tuoi,Tuổi\n";

#[tokio::test]
async fn a_sound_spreadsheet_comes_back_as_an_xform_that_phones_read() {
    let server = TestApp::start().await;
    let pack = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packs/long-khanh-2024/forms");
    let mut tried = 0;
    for file in std::fs::read_dir(pack).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if !name.ends_with(".xlsx") {
            continue;
        }
        let answer = preview(&server, &name, &std::fs::read(&path).unwrap()).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}");
        let json = answer.json();
        assert!(form::parse_xform(json["form"].as_str().unwrap()).is_ok(), "{name}");
        tried += 1;
    }
    assert!(tried >= 18, "{tried}");
    let csv = preview(&server, "thu.csv", GOOD.as_bytes()).await.json();
    let xml = csv["form"].as_str().unwrap();
    assert!(xml.contains("id=\"thu\""), "{xml}");
    assert_eq!(
        csv["problems"].as_array().unwrap().iter().filter(|p| p["is_error"] == true).count(),
        0
    );
}

/// Forms that were made for other servers name them.
#[tokio::test]
async fn a_form_does_not_lead_its_answers_elsewhere_and_its_author_is_told() {
    let server = TestApp::start().await;
    let csv = format!(
        "{GOOD}settings,,,\n,form_id,public_key,submission_url\n,f,MIIB,https://khac.example/nop\n"
    );
    let json = preview(&server, "thu.csv", csv.as_bytes()).await.json();
    let xml = json["form"].as_str().unwrap();
    assert!(!xml.contains("MIIB") && !xml.contains("khac.example"), "{xml}");
    let headers = json["problems"].as_array().unwrap().iter().map(|told| &told["header"]);
    let headers: Vec<_> = headers.filter_map(|header| header.as_str()).collect();
    assert_eq!(headers, ["public_key", "submission_url"]);
}

/// What a record says of itself stands under these.
#[tokio::test]
async fn four_names_are_no_names_of_questions() {
    let server = TestApp::start().await;
    for name in ["_state", "_title", "_reason", "_deleted", "_1_ten"] {
        let csv = GOOD.replace(",ten,", &format!(",{name},"));
        let json = preview(&server, "thu.csv", csv.as_bytes()).await.json();
        assert_eq!(json["form"].is_null(), name != "_1_ten", "{name}: {json}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_told_with_sheet_row_and_column() {
    let server = TestApp::start().await;
    let csv = "survey,,,,\n,type,name,label,relevant\n,text,ten,Tên,\n,chữ,tuoi,Tuổi,\n,text,que,Quê,${khong_co} = 1\n";
    let json = preview(&server, "thu.csv", csv.as_bytes()).await.json();
    assert_eq!(json["form"], serde_json::Value::Null);
    let place = |at: usize| {
        let problem = &json["problems"][at];
        (
            problem["is_error"].clone(),
            problem["sheet"].clone(),
            problem["row"].clone(),
            problem["header"].clone(),
        )
    };
    assert_eq!(place(0), (true.into(), "survey".into(), 3.into(), "type".into()), "{json}");
    assert_eq!(place(1), (true.into(), "survey".into(), 4.into(), "relevant".into()), "{json}");
    assert!(json["problems"][1]["text"]["vi"].as_str().unwrap().contains("khong_co"));
    assert!(!json["problems"][1]["column"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn what_is_no_form_is_refused_or_told_and_never_kept() {
    let server = TestApp::start().await;
    let no_sheet = preview(&server, "thu.xlsx", b"no spreadsheet at all").await;
    assert_eq!(no_sheet.status, StatusCode::OK);
    assert_eq!(no_sheet.json()["problems"][0]["is_error"], true);
    for (name, bytes, status, code) in [
        ("thu.pdf", vec![1; 9], StatusCode::UNSUPPORTED_MEDIA_TYPE, "unknown_file"),
        ("thu.xlsx", vec![0; (4 << 20) + 1], StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
    ] {
        let answer = preview(&server, name, &bytes).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{name}");
    }
    // What the file says of its own size its reader takes room for: 6 KB ended the whole server.
    for name in ["thu.xls", "thu.xlsx"] {
        let old = [&b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"[..], &[0; 2_000]].concat();
        let json = preview(&server, name, &old).await.json();
        assert_eq!((&json["form"], &json["problems"][0]["is_error"]), (&().into(), &true.into()));
        for language in ["vi", "en"] {
            let told = json["problems"][0]["text"][language].as_str().unwrap();
            assert!(told.contains(".xlsx"), "{told}");
        }
    }
    let answer = post(&server, "thu.csv", GOOD.as_bytes(), "").await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::UNAUTHORIZED, "signed_out"));
}
