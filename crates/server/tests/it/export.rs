use std::io::Cursor;

use axum::http::StatusCode;
use calamine::{Data, DataType, Reader, Xlsx};
use server::clock;
use sync::codec;
use sync::wire::{Action, Dot, FileRef, Operation, Value, field};

use crate::app::{Device, TestApp, pack, text};

type Sheets = Xlsx<Cursor<Vec<u8>>>;

async fn download(device: &Device<'_>, query: &str) -> Sheets {
    let answer = device.get(&format!("/api/v1/records.xlsx?form=kiem_tra{query}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"kiem_tra.xlsx\"");
    Xlsx::new(Cursor::new(answer.body.to_vec())).unwrap()
}

fn column(sheets: &mut Sheets, sheet: usize, heading: &str) -> Vec<Data> {
    let range = sheets.worksheet_range_at(sheet).unwrap().unwrap();
    let mut rows = range.rows();
    let at =
        rows.next().unwrap().iter().position(|cell| cell.as_string().as_deref() == Some(heading));
    let at = at.unwrap_or_else(|| panic!("no column {heading}: {:?}", range.rows().next()));
    rows.map(|row| row[at].clone()).collect()
}

fn words(cells: &[Data]) -> Vec<String> {
    cells.iter().map(|cell| cell.as_string().unwrap_or_default()).collect()
}

async fn fill(lan: &Device<'_>) {
    let photo = FileRef {
        name: "ảnh 1.jpg".into(),
        media_type: "image/jpeg".into(),
        size: 3,
        hash: codec::hash(b"abc"),
    };
    let first = lan.create(
        1,
        1,
        "phuong_a",
        &[
            ("chung/ngay", text("2024-11-23")),
            ("chung/so_hs", text("12")),
            ("chung/ma", text("0042")),
            ("chung/diem", text("24")),
            ("loai", text("ol")),
            ("kenh", text("loa mxh")),
            ("vi_tri", text("10.9274 107.2412 0 5")),
            ("anh", Value::File(photo)),
            ("ghi_chu", text("=HYPERLINK(\"http://x\")")),
            ("hoc_vien[k2]", text("2")),
            ("hoc_vien[k2]/hv_ten", text("Nguyễn Thị Ánh")),
            ("hoc_vien[k2]/hv_tuoi", text("30")),
            ("hoc_vien[k1]", text("1")),
            ("hoc_vien[k1]/hv_ten", text("Đặng Văn Dũng")),
            ("hoc_vien[k3]", Value::Empty),
            ("hoc_vien[k3]/hv_ten", text("Người đã xóa")),
            (field::TITLE, text("Chợ Xuân Hòa")),
        ],
    );
    let second =
        lan.create(2, 2, "phuong_a", &[("loai", text("la")), ("ghi_chu", text("Bình thường"))]);
    lan.push(&[first, second]).await;
}

/// What somebody changes in a record of [`fill`] who has seen of it what that wrote.
fn amend(device: &Device<'_>, seq: u64, seen: Dot, fields: &[(&str, Value)]) -> Operation {
    let record = u8::try_from(seen.seq).unwrap();
    let mut amend = device.create(seq, record, "phuong_a", fields);
    amend.action = Action::Amend;
    amend.fields.remove(field::STATE);
    amend.fields.values_mut().for_each(|write| write.over = vec![seen]);
    amend
}

/// A part of the file as it is written.
fn part(file: &[u8], name: &str) -> String {
    let mut zip = zip::ZipArchive::new(Cursor::new(file)).unwrap();
    std::io::read_to_string(zip.by_name(name).unwrap()).unwrap()
}

/// Whoever was sent the file opens the record where they sign in, with its photos: what the server tells of a photo to whoever names
/// nobody is that they are signed out.
#[tokio::test]
async fn each_row_opens_its_record() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    fill(&lan).await;
    let file = lan.get("/api/v1/records.xlsx?form=kiem_tra").await.body;
    let mut sheets = Xlsx::new(Cursor::new(file.to_vec())).unwrap();
    for sheet in [0, 1] {
        let links = part(&file, &format!("xl/worksheets/_rels/sheet{}.xml.rels", sheet + 1));
        let records = words(&column(&mut sheets, sheet, "Mã bản ghi"));
        assert_eq!(words(&column(&mut sheets, sheet, "Mở hồ sơ")), ["Mở hồ sơ", "Mở hồ sơ"]);
        for record in records {
            // Also where nobody told the server what it is called.
            assert!(links.contains(&format!("\"http://localhost/records/{record}\"")), "{links}");
        }
    }
}

/// The writer takes what begins and ends as a rich text does for the marks of one, and writes it as it is.
#[tokio::test]
async fn an_answer_that_looks_like_the_files_own_marks_is_a_text_in_its_cell_and_moves_no_other() {
    let long = format!("<r>{}</r>", "<".repeat(32_760));
    for evil in ["<r>&</r>", "<r><t>x</t></r></si><si><r><t>y</t></r>", "<r></r>", &long] {
        let server = TestApp::start().await;
        let lan = server.device("lan").await;
        lan.push(&[
            lan.create(1, 1, "phuong_a", &[("ghi_chu", text(evil))]),
            lan.create(2, 2, "phuong_a", &[("ghi_chu", text("Bình thường"))]),
        ])
        .await;
        let mut sheets = download(&lan, "").await;
        let told = words(&column(&mut sheets, 0, "Ghi chú"));
        let whole = told[0].trim_end() == evil || told[0].ends_with('…');
        assert!(whole && told[1] == "Bình thường", "{:?}", told[1]);
        assert_eq!(words(&column(&mut sheets, 1, "Họ và tên")).len(), 0);
    }
}

/// They are read a page after the other: none twice, none left out, in their order.
#[tokio::test]
async fn a_form_of_many_records_is_taken_whole() {
    let server = TestApp::start().await;
    let (lan, thu) = (server.device("lan").await, server.device("thu").await);
    let titles: Vec<String> = (0..1_100).map(|at| format!("Chợ {at}")).collect();
    let record = |(seq, title): (u64, &String)| {
        let mut operation = lan.create(seq, 1, "phuong_a", &[(field::TITLE, text(title))]);
        operation.record.0[..8].copy_from_slice(&seq.to_be_bytes());
        operation
    };
    let records: Vec<Operation> = (1..).zip(&titles).map(record).collect();
    for some in records.chunks(250) {
        lan.push(some).await;
    }
    let mut sheets = download(&thu, "&q=cho").await;
    assert_eq!(words(&column(&mut sheets, 0, "Tên hồ sơ")), titles);
}

/// What was taken back is filled in by nobody: it is an older version of the form.
#[tokio::test]
async fn a_form_that_is_in_force_again_heads_the_columns() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    fill(&lan).await;
    let mut other = pack();
    let xml = other.forms[0].xml.replace("Ghi chú", "Ghi sai");
    other.forms[0].form.hash = codec::hash(xml.as_bytes());
    other.forms[0].form.version = "2".into();
    other.forms[0].xml = xml;
    other.hash = codec::hash(b"other");
    let database = server.app.database();
    for (pack, heading) in [(other, "Ghi sai"), (pack(), "Ghi chú")] {
        assert!(database.load_pack(&pack, clock::now_ms()).await.unwrap());
        column(&mut download(&lan, "").await, 0, heading);
    }
}

#[tokio::test]
async fn the_cells_hold_what_was_entered() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    fill(&lan).await;
    let mut sheets = download(&lan, "").await;
    assert_eq!(sheets.sheet_names(), ["Kiểm tra phườngxã", "Học viên", "Lọc theo"]);
    let range = sheets.worksheet_range_at(0).unwrap().unwrap();
    assert_eq!(
        words(range.rows().next().unwrap()),
        [
            "Mã bản ghi",
            "Mở hồ sơ",
            "Tên hồ sơ",
            "Trạng thái",
            "Đơn vị",
            "Cần quyết định",
            "Tài khoản",
            "Máy chủ nhận lúc",
            "Bắt đầu nhập",
            "Ngày kiểm tra",
            "Số hồ sơ",
            "Mã số",
            "Loại hình",
            "Kênh",
            "Vị trí",
            "Vị trí – vĩ độ",
            "Vị trí – kinh độ",
            "Ảnh",
            "Ghi chú",
            // What the form has no words for stands behind what it asks.
            "diem",
        ]
    );
    let day = &column(&mut sheets, 0, "Ngày kiểm tra")[0];
    assert!(
        matches!(day, Data::DateTime(when) if (when.as_f64() - 45_619.0).abs() < 1e-9),
        "{day:?}"
    );
    assert_eq!(column(&mut sheets, 0, "Số hồ sơ")[0], Data::Float(12.0));
    assert_eq!(column(&mut sheets, 0, "diem")[0], Data::Float(24.0));
    assert_eq!(column(&mut sheets, 0, "Mã số")[0], Data::String("0042".to_owned()));
    assert_eq!(words(&column(&mut sheets, 0, "Loại hình")), ["Trực tuyến", "la"]);
    assert_eq!(words(&column(&mut sheets, 0, "Kênh"))[0], "Loa đài; Mạng xã hội");
    assert_eq!(column(&mut sheets, 0, "Vị trí – kinh độ")[0], Data::Float(107.2412));
    assert_eq!(words(&column(&mut sheets, 0, "Ảnh"))[0], "ảnh 1.jpg");
    assert_eq!(
        column(&mut sheets, 0, "Ghi chú")[0],
        Data::String("=HYPERLINK(\"http://x\")".to_owned())
    );
    assert_eq!(words(&column(&mut sheets, 0, "Trạng thái")), ["Đã nộp", "Đã nộp"]);
    assert_eq!(words(&column(&mut sheets, 0, "Đơn vị"))[0], "Phường Xuân An");
    assert!(matches!(column(&mut sheets, 0, "Máy chủ nhận lúc")[0], Data::DateTime(_)));

    assert_eq!(words(&column(&mut sheets, 1, "Họ và tên")), ["Đặng Văn Dũng", "Nguyễn Thị Ánh"]);
    assert_eq!(column(&mut sheets, 1, "Dòng"), [Data::Float(1.0), Data::Float(2.0)]);
    // In the sheet of the rows people know the record by its name too.
    assert_eq!(words(&column(&mut sheets, 1, "Tên hồ sơ")), ["Chợ Xuân Hòa", "Chợ Xuân Hòa"]);
    let record = words(&column(&mut sheets, 0, "Mã bản ghi"))[0].clone();
    assert_eq!(words(&column(&mut sheets, 1, "Mã bản ghi")), [record.clone(), record]);
}

/// Whoever counts trainees counts them there, by ward, and those of drafts not.
#[tokio::test]
async fn a_row_says_in_which_state_its_record_is_and_whose() {
    let server = TestApp::start().await;
    let (lan, hoa, thu) =
        (server.device("lan").await, server.device("hoa").await, server.device("thu").await);
    let people = |count: usize| {
        let row = |at: usize| (format!("hoc_vien[k{at}]"), text(&at.to_string()));
        (1..=count).map(row).collect::<Vec<_>>()
    };
    let class = |device: &Device<'_>, record, unit, count| {
        let people = people(count);
        let fields: Vec<_> = people.iter().map(|(row, at)| (row.as_str(), at.clone())).collect();
        device.create(1, record, unit, &fields)
    };
    let mut draft = class(&lan, 1, "phuong_a", 2);
    draft.fields.remove(field::STATE);
    lan.push(&[draft]).await;
    hoa.push(&[class(&hoa, 2, "phuong_b", 3)]).await;
    let mut sheets = download(&thu, "").await;
    let states = words(&column(&mut sheets, 1, "Trạng thái"));
    let units = words(&column(&mut sheets, 1, "Đơn vị"));
    let mut rows: Vec<_> =
        states.iter().zip(&units).map(|(state, unit)| (&**state, &**unit)).collect();
    rows.sort_unstable();
    let (draft, submitted) = (("Làm dở", "Phường Xuân An"), ("Đã nộp", "Phường Bảo Vinh"));
    assert_eq!(rows, [draft, draft, submitted, submitted, submitted]);
}

/// A month later nobody tells it from another by its name.
#[tokio::test]
async fn a_file_says_what_it_is_of() {
    let server = TestApp::start().await;
    let thu = server.device("thu").await;
    let told = async |query: &str| {
        let mut sheets = download(&thu, query).await;
        let last = sheets.sheet_names().len() - 1;
        assert_eq!(sheets.sheet_names()[last], "Lọc theo");
        let range = sheets.worksheet_range_at(last).unwrap().unwrap();
        let cell = |cell: &Data| match cell {
            Data::DateTime(when) => format!("{}", when.as_f64()),
            other => other.as_string().unwrap_or_default(),
        };
        let mut lines: Vec<(String, String)> =
            range.rows().skip(1).map(|row| (cell(&row[0]), cell(&row[1]))).collect();
        let by = lines.pop().unwrap();
        assert_eq!(by, ("Người tải (tài khoản)".to_owned(), "thu".to_owned()));
        assert_eq!(lines.pop().unwrap().0, "Tải lúc");
        lines.into_iter().map(|(line, of)| format!("{line}: {of}")).collect::<Vec<_>>()
    };
    assert_eq!(
        told("").await,
        [
            "Mẫu phiếu: Kiểm tra: phường/xã",
            "Đơn vị: Tất cả",
            "Trạng thái: Tất cả",
            "Bắt đầu nhập từ ngày: Tất cả",
            "Bắt đầu nhập đến hết ngày: Tất cả",
        ]
    );
    // From 15/12/2025 until the end of 14/06/2026, in Hanoi.
    let period = "&from=1765731600000&until=1781456400000";
    let query = format!("&unit=phuong_a&state=approved&asks=look&author=lan&q=Ch%E1%BB%A3{period}");
    let some = told(&query).await;
    assert_eq!(some[1], "Đơn vị: Phường Xuân An và các đơn vị trực thuộc");
    assert_eq!(some[2], "Trạng thái: Đã duyệt");
    let day = |line: &str| line.split(": ").nth(1).unwrap().parse::<f64>().unwrap();
    assert_eq!([&some[3], &some[4]].map(|line| day(line).floor()), [46_006.0, 46_187.0]);
    assert_eq!(some[5..], ["Việc cần làm: Nên xem lại", "Tài khoản: lan", "Tìm: Chợ"]);
    assert_eq!(told("&unit=phuong_a&only=1").await[1], "Đơn vị: Phường Xuân An");
}

#[tokio::test]
async fn headings_and_choices_follow_the_language() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    fill(&lan).await;
    let mut sheets = download(&lan, "&lang=en").await;
    assert_eq!(words(&column(&mut sheets, 0, "Kind"))[0], "Online");
    assert_eq!(words(&column(&mut sheets, 0, "Unit"))[0], "Xuan An ward");
    assert_eq!(words(&column(&mut sheets, 1, "Full name")).len(), 2);
}

#[tokio::test]
async fn filters_are_those_of_the_list() {
    let server = TestApp::start().await;
    let (lan, hoa, thu) =
        (server.device("lan").await, server.device("hoa").await, server.device("thu").await);
    fill(&lan).await;
    hoa.push(&[hoa.create(1, 3, "phuong_b", &[("ghi_chu", text("Phường bên"))])]).await;
    for (query, count) in [
        ("", 3),
        ("&unit=phuong_a", 2),
        ("&unit=thanh_pho", 3),
        ("&unit=phuong_b", 1),
        ("&state=submitted", 3),
        ("&state=approved", 0),
        ("&q=xuan%20hoa", 1),
        ("&q=CH%E1%BB%A2", 1),
        ("&q=bao%20vinh", 1),
        ("&q=dang%20van", 1),
        ("&q=khong-co", 0),
        ("&unit=phuong_a&q=binh", 1),
    ] {
        let mut sheets = download(&thu, query).await;
        let rows = sheets.worksheet_range_at(0).unwrap().unwrap().rows().count() - 1;
        assert_eq!(rows, count, "{query}");
    }
    let mut sheets = download(&hoa, "").await;
    assert_eq!(sheets.worksheet_range_at(0).unwrap().unwrap().rows().count(), 2, "own scope only");
    for (path, status, code) in [
        ("/api/v1/records.xlsx?form=khong_co", StatusCode::NOT_FOUND, "not_found"),
        ("/api/v1/records.xlsx?form=kiem_tra&state=lost", StatusCode::BAD_REQUEST, "bad_state"),
    ] {
        let answer = thu.get(path).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code));
    }
}

#[tokio::test]
async fn a_period_is_of_when_records_were_begun_not_of_when_they_were_approved() {
    const DAY_MS: i64 = 86_400_000;
    let server = TestApp::start().await;
    let (lan, thu) = (server.device("lan").await, server.device("thu").await);
    // Of another program, whose ids tell no time.
    fill(&lan).await;
    let begun = |record: u8, seq, at_ms: i64| {
        let mut operation = lan.create(seq, record, "phuong_a", &[("loai", text("ol"))]);
        operation.record.0[..6].copy_from_slice(&at_ms.to_be_bytes()[2..]);
        (operation.record.0[6], operation.record.0[8]) = (0x70, 0x80);
        operation
    };
    let now_ms = clock::now_ms();
    let last_week = now_ms - 7 * DAY_MS;
    // A phone that believes it is 2019 makes records of today.
    lan.push(&[begun(3, 3, last_week), begun(4, 4, 1_546_300_800_000)]).await;
    // All are approved when another period has begun.
    let approve = "UPDATE record SET changed_ms = changed_ms + 3456000000";
    server.place.outside().await.say(approve).await.unwrap();
    for (period, count) in [
        (String::new(), 4),
        (format!("&from={last_week}"), 4),
        (format!("&from={}", last_week + 1), 3),
        (format!("&until={}", last_week + 1), 1),
        (format!("&until={last_week}"), 0),
        (format!("&from={}", now_ms + DAY_MS), 0),
    ] {
        let mut sheets = download(&thu, &period).await;
        assert_eq!(column(&mut sheets, 0, "Bắt đầu nhập").len(), count, "{period}");
    }
}

#[tokio::test]
async fn where_people_disagree_both_values_stand_in_the_cell() {
    let server = TestApp::start().await;
    let (lan, minh) = (server.device("lan").await, server.device("minh").await);
    fill(&lan).await;
    let seen = Dot { device: lan.id, seq: 2 };
    for (device, seq, value) in [(&lan, 3, "tt"), (&minh, 1, "ol")] {
        device.push(&[amend(device, seq, seen, &[("loai", text(value))])]).await;
    }
    let mut sheets = download(&lan, "").await;
    assert_eq!(words(&column(&mut sheets, 0, "Loại hình"))[1], "Trực tiếp | Trực tuyến");
    for (asks, count) in [("decide", 1), ("look", 0), ("", 2)] {
        let mut sheets = download(&lan, &format!("&asks={asks}")).await;
        assert_eq!(column(&mut sheets, 0, "Loại hình").len(), count, "{asks}");
    }
    let answer = lan.get("/api/v1/records.xlsx?form=kiem_tra&asks=note").await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_REQUEST, "bad_asks"));
}

/// A cell that is empty hides the other answer, and a row that is not there hides all of them.
#[tokio::test]
async fn an_answer_that_one_cleared_and_another_changed_stands_in_the_cell_and_the_row_says_so() {
    let server = TestApp::start().await;
    let (lan, minh) = (server.device("lan").await, server.device("minh").await);
    fill(&lan).await;
    let seen = |seq| Dot { device: lan.id, seq };
    let row = |value| ("hoc_vien[k1]", value);
    for operation in [
        amend(&lan, 3, seen(2), &[("loai", Value::Empty)]),
        amend(&lan, 4, seen(1), &[row(Value::Empty), (field::DELETED, Value::Empty)]),
    ] {
        lan.push(&[operation]).await;
    }
    for operation in [
        amend(&minh, 1, seen(2), &[("loai", text("ol"))]),
        amend(
            &minh,
            2,
            seen(1),
            &[("hoc_vien[k1]/hv_ten", text("Đặng Dũng")), (field::DELETED, Value::Empty)],
        ),
    ] {
        minh.push(&[operation]).await;
    }
    let mut sheets = download(&lan, "").await;
    assert_eq!(words(&column(&mut sheets, 0, "Loại hình"))[1], "– | Trực tuyến");
    let asks = column(&mut sheets, 0, "Cần quyết định");
    assert_eq!(asks, [Data::Float(1.0), Data::Float(1.0)]);
    assert_eq!(words(&column(&mut sheets, 1, "Họ và tên")), ["Nguyễn Thị Ánh"]);
}

/// Who began the record shows what of two answers, not whether it is there.
#[tokio::test]
async fn what_one_deletes_while_another_goes_on_with_it_is_in_the_table() {
    let server = TestApp::start().await;
    let (lan, minh) = (server.device("lan").await, server.device("minh").await);
    fill(&lan).await;
    let seen = Dot { device: lan.id, seq: 2 };
    let deleted = amend(&lan, 3, seen, &[(field::DELETED, text("1"))]);
    let amended = amend(&minh, 1, seen, &[(field::DELETED, Value::Empty)]);
    lan.push(&[deleted]).await;
    let mut sheets = download(&lan, "").await;
    assert_eq!(column(&mut sheets, 0, "Loại hình").len(), 1);
    minh.push(&[amended]).await;
    let mut sheets = download(&lan, "").await;
    assert_eq!(words(&column(&mut sheets, 0, "Loại hình")), ["Trực tuyến", "la"]);
}

/// Whoever checks the figures in the list hands over the table: both hold the same records.
#[tokio::test]
async fn what_is_searched_and_filtered_is_what_the_list_shows() {
    let server = TestApp::start().await;
    let mut pack = pack();
    let mut json: serde_json::Value = serde_json::from_slice(&pack.json).unwrap();
    json["forms"] = serde_json::json!([{ "id": "kiem_tra", "file": "kiem_tra", "version": "1", "hash": "", "bytes": 0,
        "title": { "vi": "Bình đẳng giới", "en": "Gender equality" }, "kind": "", "clauses": [], "used_by": "",
        "personal_data": false, "sensitive_data": false }]);
    pack.json = json.to_string().into_bytes();
    pack.hash = codec::hash(b"with a title");
    server.app.database().load_pack(&pack, 2).await.unwrap();
    let (lan, hoa, thu) =
        (server.device("lan").await, server.device("hoa").await, server.device("thu").await);
    let long = "Ghi chú rất dài về buổi làm việc, ".repeat(4) + "kết thúc";
    lan.push(&[lan.create(1, 1, "phuong_a", &[("ghi_chu", text(&long))])]).await;
    hoa.push(&[hoa.create(1, 2, "phuong_b", &[("ghi_chu", text("Đường Lan Anh"))])]).await;
    thu.push(&[thu.create(1, 3, "thanh_pho", &[])]).await;
    for (query, count) in [
        // Whoever filled it in is found by name.
        ("&q=chi", 3),
        ("&q=chi%20hoa", 1),
        ("&q=lan", 2),
        ("&q=hoa", 1),
        ("&q=gender%20binh%20dang", 3),
        ("&q=ket%20thuc", 0),
        ("&q=xuan%20an", 1),
        ("&unit=thanh_pho", 3),
        ("&unit=thanh_pho&only=1", 1),
        ("&unit=phuong_a&only=1&q=chi", 1),
        ("&author=hoa", 1),
        ("&author=", 3),
    ] {
        let mut sheets = download(&thu, query).await;
        let rows = sheets.worksheet_range_at(0).unwrap().unwrap().rows().count() - 1;
        assert_eq!(rows, count, "{query}");
    }
}

/// Whose records they are is told to whoever looks after those, whatever unit was named.
#[tokio::test]
async fn what_is_taken_of_a_unit_is_told_to_its_coordinator_however_it_was_asked_for() {
    let server = TestApp::start().await;
    let (lan, an) = (server.device("lan").await, server.device("an").await);
    fill(&lan).await;
    let long: String = (0_u32..99).map(|at| codec::hash(&at.to_be_bytes()).to_string()).collect();
    for unit in ["thanh_pho", &long] {
        download(&lan, &format!("&unit={unit}")).await;
    }
    let log = an.get("/api/v1/audit?action=export").await.json();
    let told: Vec<&str> =
        log.as_array().unwrap().iter().map(|row| row["unit"].as_str().unwrap()).collect();
    assert_eq!(told, ["phuong_a", "phuong_a"]);
}
