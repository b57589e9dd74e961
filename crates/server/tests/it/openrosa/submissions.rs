//! What ODK Collect submits: a record, once, with its files; or it waits at the repair desk; or it is refused.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use form::Session;
use serde_json::json;
use sync::codec;
use sync::wire::{State, Value};

use super::{
    Collect, FIRST, File, MULTIPART, SECOND, THIRD, environment, filled, multipart, program,
};
use crate::app::{Answer, FORM, TestApp, text};

impl TestApp {
    /// What stands on the first sheet of the records of a form.
    async fn cells(&self, form: &str) -> Vec<String> {
        let path = format!("/api/v1/records.xlsx?form={form}");
        let sheet = self.device("thu").await.get(&path).await;
        assert_eq!(sheet.status, StatusCode::OK);
        let sheet = std::io::Cursor::new(sheet.body.to_vec());
        let mut sheet: calamine::Xlsx<_> = calamine::Reader::new(sheet).unwrap();
        let name = calamine::Reader::sheet_names(&sheet)[0].clone();
        let range = calamine::Reader::worksheet_range(&mut sheet, &name).unwrap();
        range.cells().map(|(_, _, cell)| cell.to_string()).collect()
    }
}

impl Collect<'_> {
    /// Part of a submission of which more is to come.
    async fn submit_part(&self, xml: &str, files: &[File<'_>]) -> Answer {
        let xml = ("form.xml", "text/xml", xml.as_bytes());
        let more = ("*isIncomplete*", ("", "text/plain", b"yes".as_slice()));
        let files = files.iter().map(|file| (file.0, *file));
        let parts: Vec<_> = [("xml_submission_file", xml), more].into_iter().chain(files).collect();
        self.send(&parts).await
    }
}

#[tokio::test]
async fn answers_rows_and_photos_arrive_and_sending_twice_is_one_record() {
    let server = TestApp::start().await;
    let collect = server.collect("lan").await;
    let mut session = Session::start(program(FORM), environment(FIRST));
    for (path, answer) in
        [("chung/so_hs", "7"), ("loai", "tt"), ("anh", "1732.jpg"), ("ghi_chu", "lấn tuyến")]
    {
        session.answer(session.find(path).unwrap(), answer).unwrap();
    }
    for name in ["Bảy", "Tám"] {
        let repeat = session.find("hoc_vien").unwrap();
        session.add_row(repeat, &format!("khoa{name}")).unwrap();
        let question = session.find(&format!("hoc_vien[khoa{name}]/hv_ten")).unwrap();
        session.answer(question, name).unwrap();
    }
    let xml = session.to_xml();
    let photo: &[u8] = b"\xff\xd8 a photo";
    let files = [("1732.jpg", "image/jpeg", photo)];
    let answer = collect.submit(&xml, &files).await;
    answer.is_response(StatusCode::CREATED, "Đã nhận");
    assert!(answer.header("location").ends_with("/submission"));

    let phone = server.device("minh").await;
    let first = phone.pull(None).await;
    let view = phone.record().await;
    for (path, value) in [
        ("chung/so_hs", "7"),
        ("chung/diem", "14"),
        ("loai", "tt"),
        ("ghi_chu", "lấn tuyến"),
        ("hoc_vien[1]", "1"),
        ("hoc_vien[1]/hv_ten", "Bảy"),
        ("hoc_vien[2]/hv_ten", "Tám"),
    ] {
        assert_eq!(view.fields.get(path), Some(&text(value)), "{path}");
    }
    let Some(Value::File(file)) = view.fields.get("anh") else { panic!("{:?}", view.fields) };
    assert_eq!((file.name.as_str(), file.media_type.as_str()), ("1732.jpg", "image/jpeg"));
    let served = phone.get(&format!("/api/v1/blobs/{}", file.hash)).await;
    assert_eq!((served.status, served.body.as_ref()), (StatusCode::OK, photo));
    assert_eq!(served.header("content-type"), "image/jpeg");
    let cells = server.cells("kiem_tra").await;
    assert!(cells.iter().any(|cell| cell == "lấn tuyến"), "{cells:?}");

    collect.submit(&xml, &files).await.is_response(StatusCode::CREATED, "Đã nhận");
    collect.submit(&xml, &[]).await.is_response(StatusCode::CREATED, "Đã nhận");
    let other = server.collect("lan").await;
    other.submit(&xml, &files).await.is_response(StatusCode::CREATED, "Đã nhận");
    assert_eq!(phone.pull(None).await.records, first.records, "nothing changed");
    let history = phone.get(&format!("/api/v1/records/{}/history", view.record)).await.json();
    assert_eq!(history.as_array().map(Vec::len), Some(1), "{history}");
    assert_eq!(history[0]["device_name"], "ODK Collect");
}

/// Longer than an operation that is applied, and so is its edit; another client edits what both had on their screens.
#[tokio::test]
async fn a_submission_that_is_longer_than_an_operation_may_be_is_one_record_all_the_same() {
    let server = TestApp::start().await;
    let (collect, phone) = (server.collect("lan").await, server.device("lan").await);
    let long = |answer: &str| {
        let answers = (0..2_500).map(|at| format!("<c{at:04}>{}</c{at:04}>", answer.repeat(500)));
        format!("{}</data>", answers.collect::<String>())
    };
    let first = filled(FIRST, &[("ghi_chu", "một")]).replace("</data>", &long("x"));
    let edit = |instance: &str| {
        let own = format!("<orx:instanceID>{FIRST}</orx:instanceID>");
        let both = format!(
            "<orx:instanceID>{instance}</orx:instanceID><orx:deprecatedID>{FIRST}</orx:deprecatedID>"
        );
        first.replace(&own, &both)
    };
    for _ in 0..2 {
        collect.submit(&first, &[]).await.is_response(StatusCode::CREATED, "Đã nhận");
    }
    let view = phone.record().await;
    let answers = view.fields.iter().filter(|(_, value)| **value == text(&"x".repeat(500)));
    assert_eq!((answers.count(), view.state), (2_500, State::Submitted));

    let second = edit(SECOND).replace(&"x".repeat(500), &"y".repeat(500));
    let third = edit(THIRD).replacen(&"x".repeat(500), "z", 1);
    for edit in [&second, &third, &second] {
        collect.submit(edit, &[]).await.is_response(StatusCode::CREATED, "Đã nhận");
    }
    let state = phone.pull(None).await.records.remove(0);
    let stand = |path: &str| state.fields[path].iter().map(|one| &one.value).collect::<Vec<_>>();
    assert_eq!(stand("c0000"), [&text(&"y".repeat(500)), &text("z")], "none saw the other's");
    assert_eq!(stand("c2499"), [&text(&"y".repeat(500))]);
}

/// As a form that another tool made calls it: "1. Họ và tên".
#[tokio::test]
async fn an_answer_is_kept_whatever_its_question_is_called() {
    let server = TestApp::start().await;
    let collect = server.collect("lan").await;
    let known = FORM.replace("ghi_chu", "_1_ten").replace("chung", "_nhom");
    server.load(&known, 2).await;
    let mut session = Session::start(program(&known), environment(FIRST));
    session.answer(session.find("_1_ten").unwrap(), "Hoa").unwrap();
    session.answer(session.find("_nhom/so_hs").unwrap(), "7").unwrap();
    collect.submit(&session.to_xml(), &[]).await.is_response(StatusCode::CREATED, "Đã nhận");
    let thu = server.device("thu").await;
    let fields = thu.record().await.fields;
    assert_eq!(fields.get("_1_ten"), Some(&text("Hoa")));
    assert_eq!(fields.get("_nhom/so_hs"), Some(&text("7")));
    let cells = server.cells("kiem_tra").await;
    assert!(cells.iter().any(|cell| cell == "Hoa"), "{cells:?}");
}

/// A client that has such a form from before sends what nobody reads without the key, and has nothing else any more.
#[tokio::test]
async fn what_a_client_sealed_is_kept_whole_and_waits_at_the_repair_desk() {
    let server = TestApp::start().await;
    let (collect, thu) = (server.collect("lan").await, server.device("thu").await);
    let xml = format!(
        r#"<data xmlns="http://www.opendatakit.org/xforms/encrypted" id="kiem_tra" version="1" encrypted="yes">
        <base64EncryptedKey>khoa</base64EncryptedKey>
        <orx:meta xmlns:orx="http://openrosa.org/xforms"><orx:instanceID>{FIRST}</orx:instanceID></orx:meta>
        <media><file>1.jpg.enc</file></media><media><file>2.jpg.enc</file></media>
        <encryptedXmlFile>submission.xml.enc</encryptedXmlFile></data>"#
    );
    let kind = "application/octet-stream";
    let files: [File; 3] = [
        ("1.jpg.enc", kind, b"one"),
        ("2.jpg.enc", kind, b"two"),
        ("submission.xml.enc", kind, b"answers"),
    ];
    for _ in 0..2 {
        let answer = collect.submit(&xml, &files).await;
        answer.is_response(StatusCode::CREATED, "Đã nhận; đang chờ người điều phối xử lý");
    }
    assert!(thu.pull(None).await.records.is_empty());
    let waiting = thu.get("/api/v1/quarantine").await.json();
    assert_eq!(waiting.as_array().map(Vec::len), Some(1), "{waiting}");
    for (name, _, bytes) in files {
        let kept = server.app.database().blob(codec::hash(bytes)).await.unwrap();
        assert!(kept.is_some(), "{name}");
    }
}

/// Somebody changed the form and forgot its version; a client that had it before has nothing else to tell it by.
#[tokio::test]
async fn a_photo_of_a_question_that_the_form_asks_no_more_is_kept() {
    let server = TestApp::start().await;
    let (collect, phone) = (server.collect("lan").await, server.device("lan").await);
    let xml = filled(FIRST, &[("anh", "17.jpg"), ("ghi_chu", "17.jpg")]);
    server.load(&FORM.replace("anh", "anh_moi"), 2).await;
    let files = [("17.jpg", "image/jpeg", b"photo".as_slice())];
    collect.submit(&xml, &files).await.is_response(StatusCode::CREATED, "Đã nhận</message>");
    let fields = phone.record().await.fields;
    let Some(Value::File(file)) = fields.get("anh") else { panic!("{fields:?}") };
    assert_eq!(file.hash, codec::hash(b"photo"));
    assert_eq!(fields.get("ghi_chu"), Some(&text("17.jpg")), "it is asked, and for a text");
}

#[tokio::test]
async fn a_submission_too_large_for_one_request_comes_in_several() {
    let server = TestApp::start().await;
    let collect = server.collect("lan").await;
    let head = server
        .request(
            Method::HEAD,
            &format!("{}/submission", collect.address),
            &[("host", "a.example")],
            Body::empty(),
        )
        .await;
    assert_eq!(head.status, StatusCode::NO_CONTENT);
    assert_eq!(head.header("location"), format!("http://a.example{}/submission", collect.address));
    assert_eq!(head.header("x-openrosa-accept-content-length"), "10485760");
    let xml = filled(FIRST, &[("anh", "to.jpg"), ("ghi_chu", "to.jpg")]);
    let phone = server.device("lan").await;
    collect.submit_part(&xml, &[]).await.is_response(StatusCode::CREATED, "Đã nhận");
    assert_eq!(phone.record().await.fields.get("anh"), Some(&text("to.jpg")));
    // Whoever has no more to send is told what the record lacks, and has sent it all the same.
    let lacking = collect.submit(&xml, &[]).await;
    lacking.is_response(StatusCode::CREATED, "Đã nhận; chưa nhận được các tệp: to.jpg");
    let large = vec![7; 5 * 1024 * 1024];
    let files = [("to.jpg", "image/jpeg", large.as_slice())];
    collect.submit(&xml, &files).await.is_response(StatusCode::CREATED, "Đã nhận");
    let view = phone.record().await;
    let Some(Value::File(file)) = view.fields.get("anh") else { panic!("{:?}", view.fields) };
    assert_eq!(file.size, 5 * 1024 * 1024);
    assert_eq!(
        view.fields.get("ghi_chu"),
        Some(&text("to.jpg")),
        "an answer that only looks like it"
    );
    assert!(view.conflicts.is_empty() && view.state == State::Submitted);
    let served = phone.get(&format!("/api/v1/blobs/{}", file.hash)).await;
    assert_eq!(codec::hash(&served.body), file.hash);
    collect.submit(&xml, &[]).await.is_response(StatusCode::CREATED, "Đã nhận");
}

/// It goes with the first file into one request, however large that is, and comes so again and again.
#[tokio::test]
async fn a_film_that_is_too_large_does_not_keep_the_answers_away() {
    let server = TestApp::start().await;
    let (collect, phone) = (server.collect("lan").await, server.device("lan").await);
    let xml = filled(FIRST, &[("anh", "phim.mp4"), ("ghi_chu", "lấn tuyến")]);
    let film = vec![0; 33 * 1024 * 1024];
    for _ in 0..2 {
        let xml = ("xml_submission_file", ("form.xml", "text/xml", xml.as_bytes()));
        let film = ("phim.mp4", ("phim.mp4", "video/mp4", film.as_slice()));
        // The end of it is not there when the beginning is, as over a line.
        let coming = crate::slow::around(multipart(&[xml, film]), async {
            for _ in 0..32 {
                tokio::task::yield_now().await;
            }
        });
        let answer = collect.post(MULTIPART, coming).await;
        let told = "Đã nhận câu trả lời; tệp này quá lớn nên chưa nhận: phim.mp4";
        answer.is_response(StatusCode::PAYLOAD_TOO_LARGE, told);
        let fields = phone.record().await.fields;
        assert_eq!(fields.get("ghi_chu"), Some(&text("lấn tuyến")));
        assert_eq!(fields.get("anh"), Some(&text("phim.mp4")), "it tells what it lacks");
    }
}

#[tokio::test]
async fn what_cannot_be_applied_is_acknowledged_and_waits_at_the_repair_desk() {
    let server = TestApp::start().await;
    let (collect, thu) = (server.collect("lan").await, server.device("thu").await);
    let known = filled(FIRST, &[("ghi_chu", "một")]);
    let other_version = known.replace("version=\"1\"", "version=\"99\"");
    let foreign = format!(
        "<khac id=\"khac\"><nhom><a>x</a><a>y</a></nhom><anh>b.jpg</anh><_state>approved</_state>\
         <meta><instanceID>{SECOND}</instanceID></meta></khac>"
    );
    let photo = [("b.jpg", "image/jpeg", b"photo".as_slice())];
    for _ in 0..2 {
        let answer = collect.submit(&other_version, &[]).await;
        answer.is_response(StatusCode::CREATED, "Đã nhận; đang chờ người điều phối xử lý");
        let answer = collect.submit(&foreign, &photo).await;
        answer.is_response(StatusCode::CREATED, "Đã nhận; đang chờ người điều phối xử lý");
    }
    let waiting = thu.get("/api/v1/quarantine").await.json();
    let seen: Vec<_> = waiting
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            (&entry["reason"], &entry["form_id"], &entry["form_version"], &entry["sender"])
        })
        .collect();
    let (reason, lan) = (json!("unknown_form"), json!("lan"));
    assert_eq!(
        seen,
        [
            (&reason, &json!("khac"), &json!(""), &lan),
            (&reason, &json!("kiem_tra"), &json!("99"), &lan),
        ]
    );
    let fields = waiting[0]["fields"].as_array().unwrap();
    let at = |path: &str| fields.iter().find(|field| field["path"] == path).unwrap();
    assert_eq!((&at("nhom/a[1]")["value"], &at("nhom/a[2]")["value"]), (&json!("x"), &json!("y")));
    assert_eq!(at("anh")["file"], json!(codec::hash(b"photo").to_string()));
    assert_eq!(
        at("_state")["value"],
        "submitted",
        "the sender does not say in which state a record is"
    );
    // With the form that it lacked, the same submission is a record.
    collect.submit(&known, &[]).await.is_response(StatusCode::CREATED, "Đã nhận</message>");
    assert_eq!(thu.record().await.fields.get("ghi_chu"), Some(&text("một")));
}

#[tokio::test]
async fn a_broken_request_is_told_what_is_wrong_and_leaves_nothing() {
    let server = TestApp::start().await;
    let (collect, thu) = (server.collect("lan").await, server.device("thu").await);
    let xml = filled(FIRST, &[("anh", "a.jpg")]);
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]><data id=\"kiem_tra\">&b;</data>";
    let deep = "<a>".repeat(100_000);
    let huge = format!("<data id=\"kiem_tra\">{}</data>", "x".repeat(4 * 1024 * 1024));
    for (broken, status, words) in [
        ("", StatusCode::BAD_REQUEST, "xml_submission_file"),
        ("<data", StatusCode::BAD_REQUEST, "line 1"),
        (bomb, StatusCode::BAD_REQUEST, "DTD"),
        (deep.as_str(), StatusCode::BAD_REQUEST, "xml_submission_file"),
        (huge.as_str(), StatusCode::PAYLOAD_TOO_LARGE, "4194304"),
    ] {
        collect
            .submit(broken, &[("b.jpg", "image/jpeg", b"stray")])
            .await
            .is_response(status, words);
    }
    let photo = ("a.jpg", ("a.jpg", "image/jpeg", b"photo".as_slice()));
    collect
        .send(&[photo])
        .await
        .is_response(StatusCode::BAD_REQUEST, "no part xml_submission_file");
    let twice = ("xml_submission_file", ("form.xml", "text/xml", xml.as_bytes()));
    collect.send(&[twice, twice]).await.is_response(StatusCode::BAD_REQUEST, "more than one");
    let latin = ("xml_submission_file", ("form.xml", "text/xml", b"<a>\xe9</a>".as_slice()));
    collect.send(&[latin]).await.is_response(StatusCode::BAD_REQUEST, "UTF-8");
    collect
        .post("text/xml", xml.clone().into_bytes())
        .await
        .is_response(StatusCode::BAD_REQUEST, "multipart");
    let cut =
        b"--ranh\r\nContent-Disposition: form-data; name=\"xml_submission_file\"\r\n\r\n<data"
            .to_vec();
    let answer = collect.post("multipart/form-data; boundary=ranh", cut).await;
    answer.is_response(StatusCode::BAD_REQUEST, "");
    let large = vec![0; 33 * 1024 * 1024];
    let large = ("a.jpg", ("a.jpg", "image/jpeg", large.as_slice()));
    let answer = collect.send(&[large, twice]).await;
    answer.is_response(StatusCode::PAYLOAD_TOO_LARGE, "");
    assert!(thu.pull(None).await.records.is_empty());
    assert_eq!(thu.get("/api/v1/quarantine").await.json(), json!([]));
    for bytes in [b"photo".as_slice(), b"stray"] {
        assert!(server.app.database().blob(codec::hash(bytes)).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_submission_without_an_id_is_one_record_however_often_it_comes() {
    let server = TestApp::start().await;
    let collect = server.collect("lan").await;
    let xml = filled(FIRST, &[("ghi_chu", "một")]);
    let own = format!("<orx:instanceID>{FIRST}</orx:instanceID>");
    let xml = xml.replace(&own, "<orx:instanceID/>");
    for _ in 0..2 {
        collect.submit(&xml, &[]).await.is_response(StatusCode::CREATED, "Đã nhận");
    }
    let view = server.device("lan").await.record().await;
    assert_eq!(view.fields.get("ghi_chu"), Some(&text("một")));
}
