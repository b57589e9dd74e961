//! Packs with something wrong in them: each says what it is, and in which file, row and column.

use pack::{Problem, Severity};

use crate::Files;

/// A small pack that loads with nothing to say about it.
fn whole() -> Files {
    let files: [(&str, &str); 11] = [
        (
            "pack.toml",
            "schema = 1\nid = \"small\"\nversion = \"1\"\nlanguages = [\"vi\", \"en\"]\ndefault_language = \"vi\"\n\
             roots = [\"p\"]\ntitle = { vi = \"Nhỏ\" }\nissuer = { unit = \"p\" }\n\
             plan = { number = \"1\", date = 2024-03-07, title = { vi = \"Kế hoạch\" }, document = \"plan.txt\" }\n\
             report = { other_sources = [\"nhập tay\"] }\n\
             form_kinds = [{ id = \"inspection\", title = { vi = \"Kiểm tra\" } }]\n\
             groups = [{ id = \"all_wards\", title = { vi = \"Phường\" }, kinds = [\"ward\"] }]\n\
             modalities = [{ id = \"giao\", title = { vi = \"giao\" } }]\n\
             [tables]\nunits = \"units.csv\"\nevents = \"events.csv\"\nlegal_refs = \"legal.csv\"\nforms = \"forms.csv\"\nclauses = \"clauses.csv\"\ntasks = \"tasks.csv\"\n\
             indicators = \"indicators.csv\"\nreport_outline = \"outline.csv\"\n\
             [demo]\nday = 2026-11-23\n\
             [[demo.users]]\nname = \"an\"\npassword = \"x\"\nfull_name = \"An\"\nrole = \"officer\"\nunit = \"w2\"\n",
        ),
        ("events.csv", "date,title,from_units,to_units\n2025-07,Nhập,w1*; (xã ngoài),w2\n"),
        ("legal.csv", "id,document,date,in_force_from\nL1,Luật,29/02/2024 (đã đọc),2024\n"),
        ("plan.txt", "KẾ HOẠCH\n\nKiểm tra các\nphường. Báo cáo.\n"),
        (
            "units.csv",
            "id,name_vi,kind,parent,valid_from,valid_to,predecessors,successors\n\
             p,Tỉnh,province,,,,,\n\
             w1,Phường 1,ward,p,2019-06-01,2025-06-30,,w2\n\
             w2,Phường 2,ward,p,2025-07-01,,w1;(xã ngoài; huyện khác),\n",
        ),
        (
            "forms.csv",
            "file,form_id,version,title_vi,kind,clauses\ninspect,f_inspect,1,Kiểm tra,inspection,A; B\n",
        ),
        (
            "clauses.csv",
            "order,id,kind,text,forms,tasks\n1,A,heading,KẾ HOẠCH,inspect,\n\
             2,B,duty,\"Kiểm tra các phường.\n\nBáo cáo.\",inspect,T1\n",
        ),
        (
            "tasks.csv",
            "id,clause,title_vi,lead,partners,modality,rrule,start,due,forms,indicators\n\
             T1,B,Kiểm tra,all_wards,w1,giao,FREQ=YEARLY,2024-03-07,2024-12-31,inspect,I1\n",
        ),
        (
            "indicators.csv",
            "id,name_vi,unit,target_2025,op_2025,value_2025\nI1,Tỷ lệ,%,>= 30,>=,30\n",
        ),
        (
            "outline.csv",
            "order,level,kind,heading_vi,sources\n1,0,table,Bảng 1,ins*; nhập tay; tasks; (xem trên)\n",
        ),
        ("forms/inspect.xlsx", "not read here"),
    ];
    files.into_iter().map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).collect()
}

/// The small pack with `from` replaced in a file; an empty `from` replaces the whole file.
fn with(path: &str, from: &str, to: &str) -> Files {
    let mut files = whole();
    let text =
        String::from_utf8(files.remove(path).unwrap_or_default()).expect("the small pack is text");
    assert!(text.contains(from), "{path} has no {from}");
    let text = if from.is_empty() { to.to_owned() } else { text.replacen(from, to, 1) };
    files.insert(path.to_owned(), text.into_bytes());
    files
}

fn said(files: &Files) -> Vec<String> {
    let (pack, problems) = pack::read(files);
    let errors = problems.iter().any(|problem| problem.severity() == Severity::Error);
    assert_eq!(pack.is_none(), errors, "a pack is refused exactly when a problem is an error");
    problems.iter().map(Problem::to_string).collect()
}

#[test]
fn the_small_pack_is_whole() {
    assert_eq!(said(&whole()), Vec::<String>::new());
}

/// Whoever holds the new ward sees the records of the old one, and who stands below whom does not hang on what is said about it.
#[test]
fn a_remark_behind_a_unit_takes_nothing_from_what_is_said_of_it() {
    for (from, to) in [
        ("w1;(xã ngoài; huyện khác)", "w1 (một phần);(xã ngoài; huyện khác)"),
        ("2025-06-30,,w2", "2025-06-30,,w2 (một phần)"),
        ("w2,Phường 2,ward,p", "w2,Phường 2,ward,p (từ 2025)"),
    ] {
        let files = with("units.csv", from, to);
        assert_eq!(said(&files), Vec::<String>::new(), "{to}");
        let units = pack::read(&files).0.expect("it is whole").units;
        assert!(units.scope(&["w2"]).contains("w1"), "{to}");
        assert!(units.subtree("p").contains("w2"), "{to}");
        assert_eq!(units.successors("w1").len(), 1, "{to}");
        assert_eq!(
            units.get("w2").expect("it is there").predecessors.last().map(String::as_str),
            Some("(xã ngoài; huyện khác)")
        );
    }
    let circle = with("units.csv", "ward,p,2025-07-01", "ward,w2 (một phần),2025-07-01");
    assert!(said(&circle).iter().any(|line| line.contains("circle")));
}

/// File, what is changed in it, into what, and everything that is then said.
type Case = (&'static str, &'static str, &'static str, &'static [&'static str]);

const CASES: &[Case] = &[
    (
        "pack.toml",
        "[tables]",
        "programme = \"b\"\nprogrammes = [{ id = \"a\", title = { vi = \"A\" } }]\n[tables]",
        &["pack.toml, key programme: there is no programme `b` in the pack"],
    ),
    (
        "forms.csv",
        "kind,clauses\ninspect,f_inspect,1,Kiểm tra,inspection,A; B",
        "kind,programme,clauses\ninspect,f_inspect,1,Kiểm tra,inspection,c,A; B",
        &["forms.csv, row 2, column programme: there is no programme `c` in the pack"],
    ),
    (
        "events.csv",
        "2025-07",
        "2025-13",
        &[
            "events.csv, row 2, column date: `2025-13` is not a date: write YYYY-MM-DD, YYYY-MM, YYYY, D/M/YYYY or M/YYYY",
        ],
    ),
    (
        "events.csv",
        "w1*",
        "v*",
        &["events.csv, row 2, column from_units: there is no unit `v*` in the pack"],
    ),
    (
        "legal.csv",
        "29/02/2024",
        "29/02/2023",
        &[
            "legal.csv, row 2, column date: `29/02/2023 (đã đọc)` is not a date: write YYYY-MM-DD, YYYY-MM, YYYY, D/M/YYYY or M/YYYY",
        ],
    ),
    (
        "legal.csv",
        "2024\n",
        "M/2024\n",
        &[
            "legal.csv, row 2, column in_force_from: `M/2024` is not a date: write YYYY-MM-DD, YYYY-MM, YYYY, D/M/YYYY or M/YYYY",
        ],
    ),
    (
        "forms.csv",
        "kind,clauses\ninspect,f_inspect,1,Kiểm tra,inspection,A; B",
        "kind,clauses,personal_data\ninspect,f_inspect,1,Kiểm tra,inspection,A; B,yes",
        &["forms.csv, row 2, column personal_data: `yes` is neither 1 nor 0"],
    ),
    ("units.csv", ",kind,", ",sort,", &["units.csv, row 1, column kind: this column is missing"]),
    (
        "units.csv",
        "name_vi",
        "name_en",
        &["units.csv, row 1, column name_vi: this column is missing"],
    ),
    (
        "units.csv",
        "w2,Phường 2",
        "w1,Phường 2",
        &[
            "units.csv, row 4, column id: `w1` is in row 3 already",
            "events.csv, row 2, column to_units: there is no unit `w2` in the pack",
            // The remaining references lead to a unit that is no longer there.
            "pack.toml, line 25, key demo.users.an.unit: there is no unit `w2` in the pack",
            "pack.toml, line 25, key demo.users.an.scope: there is no unit `w2` in the pack",
            "units.csv, row 3, column successors: there is no unit `w2` in the pack",
            "units.csv, row 4, column predecessors: `w1` does not name `w1` back in its column successors",
        ],
    ),
    (
        "units.csv",
        "w1,Phường 1",
        "w1, ",
        &["units.csv, row 3, column name_vi: this must not be empty"],
    ),
    (
        "units.csv",
        "2019-06-01",
        "2019-02-29",
        &["units.csv, row 3, column valid_from: `2019-02-29` is not a real day written YYYY-MM-DD"],
    ),
    (
        "units.csv",
        "2019-06-01,2025-06-30",
        "2025-06-30,2025-06-01",
        &[
            "units.csv, row 3, column valid_to: the last day, 2025-06-01, comes before the first, 2025-06-30",
            "tasks.csv, row 2, column partners: the unit `w1` does not exist on 2024-03-07",
        ],
    ),
    (
        "units.csv",
        "ward,p,2019",
        "ward,q,2019",
        &["units.csv, row 3, column parent: there is no unit `q` in the pack"],
    ),
    (
        "units.csv",
        "ward,p,2019",
        "ward,,2019",
        &[
            "units.csv, row 3, column parent: the unit `w1` has no parent and is no root of the manifest",
        ],
    ),
    (
        "units.csv",
        "province,,",
        "province,w1,",
        &[
            "units.csv, row 2, column parent: the unit `p` is a root of the manifest and has a parent",
            "units.csv, row 2, column parent: the units go in a circle: p → w1 → p",
        ],
    ),
    (
        "units.csv",
        "(xã ngoài; huyện khác),\n",
        ",w1\n",
        &[
            "units.csv, row 3, column successors: the units go in a circle: w1 → w2 → w1",
            "units.csv, row 4, column successors: `w1` does not name `w2` back in its column predecessors",
        ],
    ),
    (
        "units.csv",
        ",w2\n",
        ",\n",
        &[
            "units.csv, row 4, column predecessors: `w1` does not name `w2` back in its column successors",
        ],
    ),
    (
        "units.csv",
        "p,Tỉnh,province,,,,,",
        "p,Tỉnh,province,,,,",
        &["units.csv, row 2: the row has 7 cells, the header 8"],
    ),
    (
        "units.csv",
        "p,Tỉnh,province,,,,,",
        "\n\np,Tỉnh,province,,,,,,,",
        &["units.csv, row 4: the row has 10 cells, the header 8"],
    ),
    (
        "units.csv",
        "kind,parent",
        "kind,kind,parent",
        &[
            "units.csv, row 1, column kind: two columns have this name",
            "units.csv, row 2: the row has 8 cells, the header 9",
            "units.csv, row 3: the row has 8 cells, the header 9",
            "units.csv, row 4: the row has 8 cells, the header 9",
        ],
    ),
    ("units.csv", "", "", &["units.csv: the table is empty: its first row must name the columns"]),
    (
        "forms.csv",
        "inspect,f_",
        "inspekt,f_",
        &[
            "forms/inspect.xlsx: the forms table has no row for this form",
            "forms.csv, row 2, column file: there is no file `forms/inspekt.xlsx` in the pack",
            "clauses.csv, row 2, column forms: there is no form `inspect` in the pack",
            "clauses.csv, row 3, column forms: there is no form `inspect` in the pack",
            "forms.csv, row 2, column clauses: `A` does not name `inspekt` back in its column forms",
            "forms.csv, row 2, column clauses: `B` does not name `inspekt` back in its column forms",
            "tasks.csv, row 2, column forms: there is no form `inspect` in the pack",
        ],
    ),
    (
        "forms.csv",
        "A; B",
        "A; B; C",
        &["forms.csv, row 2, column clauses: there is no clause `C` in the pack"],
    ),
    (
        "forms.csv",
        "A; B",
        "A",
        &[
            "clauses.csv, row 3, column forms: `inspect` does not name `B` back in its column clauses",
        ],
    ),
    (
        "forms.csv",
        "\ninspect",
        "\n\"inspect",
        &[
            "forms.csv, row 2: the quotation marks do not pair up: one that opens a cell is never closed",
            "forms.csv, row 2: the row has 1 cells, the header 6",
            "forms/inspect.xlsx: the forms table has no row for this form",
        ],
    ),
    (
        "clauses.csv",
        "inspect,T1",
        "inspect,T9",
        &[
            "clauses.csv, row 3, column tasks: there is no task `T9` in the pack",
            "tasks.csv, row 2, column clause: `B` does not name `T1` back in its column tasks",
        ],
    ),
    ("clauses.csv", "1,A", "one,A", &["clauses.csv, row 2, column order: `one` is not a number"]),
    (
        "clauses.csv",
        "Báo cáo",
        "Báo cao",
        &[
            "clauses.csv, row 3, column text: the plan does not contain this text: Kiểm tra các phường. Báo cao.",
            "plan.txt, line 3: no clause has this text of the plan: Kiểm tra các phường. Báo cáo.",
        ],
    ),
    (
        "plan.txt",
        "Báo cáo.",
        "Báo cáo. Thi hành.",
        &["plan.txt, line 4: no clause has this text of the plan: Thi hành."],
    ),
    (
        "tasks.csv",
        "all_wards",
        "wards",
        &["tasks.csv, row 2, column lead: there is no unit or group `wards` in the pack"],
    ),
    (
        "tasks.csv",
        ",w1,",
        ",w2,",
        &["tasks.csv, row 2, column partners: the unit `w2` does not exist on 2024-03-07"],
    ),
    (
        "tasks.csv",
        "giao,",
        "\"giao, xin\",",
        &["tasks.csv, row 2, column modality: `xin` is none of giao"],
    ),
    (
        "tasks.csv",
        "FREQ=YEARLY",
        "FREQ=QUARTERLY;EVERY=2",
        &[
            "tasks.csv, row 2, column rrule: `EVERY=2` is not in RFC 5545: other programs will not understand this rule",
            "tasks.csv, row 2, column rrule: `FREQ=QUARTERLY` is not in RFC 5545: other programs will not understand this rule",
        ],
    ),
    (
        "tasks.csv",
        "T1,B",
        "T1,Z",
        &["tasks.csv, row 2, column clause: there is no clause `Z` in the pack"],
    ),
    (
        "tasks.csv",
        ",I1\n",
        ",I1;I2\n",
        &["tasks.csv, row 2, column indicators: there is no indicator `I2` in the pack"],
    ),
    (
        "tasks.csv",
        "FREQ=YEARLY",
        "INTERVAL=2",
        &[
            "tasks.csv, row 2, column rrule: RFC 5545 requires FREQ in a rule: this one says nothing of how often",
        ],
    ),
    ("tasks.csv", ",I1\n", ",all\n", &[]),
    (
        "indicators.csv",
        ">=,30",
        "over,many",
        &[
            "indicators.csv, row 2, column op_2025: `over` is none of < <= = >= > ~",
            "indicators.csv, row 2, column value_2025: `many` is not a number",
        ],
    ),
    (
        "outline.csv",
        "nhập tay",
        "đoán",
        &["outline.csv, row 2, column sources: there is no form `đoán` in the pack"],
    ),
    ("forms/inspect-media/a.csv", "", "name,label\n", &[]),
    (
        "forms/inspect-media/in/a.csv",
        "",
        "name,label\n",
        &["forms/inspect-media/in/a.csv: nothing in the pack uses this file"],
    ),
    (
        "forms/inspected-media/a.csv",
        "",
        "name,label\n",
        &["forms/inspected-media/a.csv: nothing in the pack uses this file"],
    ),
    ("notes.txt", "", "a note", &["notes.txt: nothing in the pack uses this file"]),
    (
        "forms/other.xlsx",
        "",
        "a form",
        &["forms/other.xlsx: the forms table has no row for this form"],
    ),
    (
        "pack.toml",
        "schema = 1",
        "schema = 2",
        &["pack.toml, line 1, key schema: this program reads schema 1, not 2"],
    ),
    (
        "pack.toml",
        "id = \"small\"",
        "id = 5",
        &["pack.toml, line 2, key id: this must be a text, not integer"],
    ),
    (
        "pack.toml",
        "version = \"1\"",
        "version = \"1\"\nlock = { wipe_after = 4 }",
        &[
            "pack.toml, line 4, key lock.wipe_after: this must be a whole number from 5 to 100, not 4",
        ],
    ),
    (
        "pack.toml",
        "version = \"1\"",
        "version = \"1\"\nlock = { pin = \"yes\" }",
        &["pack.toml, line 4, key lock.pin: `yes` is none of wanted, required"],
    ),
    (
        "pack.toml",
        "report = { ",
        "report = { period = [{ from = \"02-30\", months = 5, title = { vi = \"Quý\" } }, { title = { vi = \"Năm\" } }], ",
        &[
            "pack.toml, line 10, key report.period[1].from: this must be a month and a day that each month has, such as 12-15, not 02-30",
            "pack.toml, line 10, key report.period[1].months: this must be 1, 2, 3, 4, 6 or 12, not 5",
            "pack.toml, line 10, key report.period[2].from: this key is missing",
            "pack.toml, line 10, key report.period[2].months: this key is missing",
        ],
    ),
    (
        "pack.toml",
        "version = \"1\"",
        "vresion = \"1\"",
        &[
            "pack.toml, line 1, key version: this key is missing",
            "pack.toml, line 3, key vresion: the manifest has no such key",
        ],
    ),
    (
        "pack.toml",
        "default_language = \"vi\"",
        "default_language = \"fr\"",
        &[
            "forms.csv, row 1, column title_fr: this column is missing",
            "indicators.csv, row 1, column name_fr: this column is missing",
            "outline.csv, row 1, column heading_fr: this column is missing",
            "pack.toml, line 5, key default_language: `fr` is none of vi, en",
            "pack.toml, line 7, key title.fr: this key is missing",
            "pack.toml, line 9, key plan.title.fr: this key is missing",
            "pack.toml, line 11, key form_kinds[1].title.fr: this key is missing",
            "pack.toml, line 12, key groups[1].title.fr: this key is missing",
            "pack.toml, line 13, key modalities[1].title.fr: this key is missing",
            "tasks.csv, row 1, column title_fr: this column is missing",
            "units.csv, row 1, column name_fr: this column is missing",
        ],
    ),
    (
        "pack.toml",
        "roots = [\"p\"]",
        "roots = [\"x\"]",
        &[
            "pack.toml, key roots: there is no unit `x` in the pack",
            "units.csv, row 2, column parent: the unit `p` has no parent and is no root of the manifest",
        ],
    ),
    (
        "forms.csv",
        ",inspection,",
        ",inspecton,",
        &["forms.csv, row 2, column kind: `inspecton` is none of inspection"],
    ),
    (
        "pack.toml",
        "kinds = [\"ward\"]",
        "kinds = [\"wrad\"]",
        &["pack.toml, key groups.all_wards.kinds: there is no kind of unit `wrad` in the pack"],
    ),
    (
        "pack.toml",
        "2024-03-07",
        "\"7/3/2024\"",
        &["pack.toml, line 9, key plan.date: this must be a day such as 2024-03-07, not string"],
    ),
    (
        "pack.toml",
        "units = \"units.csv\"",
        "unit = \"units.csv\"",
        &[
            "pack.toml, line 14, key tables.units: this key is missing",
            "pack.toml, line 15, key tables.unit: the manifest has no such key",
        ],
    ),
    (
        "pack.toml",
        "units = \"units.csv\"",
        "units = \"unit.csv\"",
        &[
            "pack.toml, key tables.units: the pack has no file `unit.csv`",
            "units.csv: nothing in the pack uses this file",
        ],
    ),
    (
        "pack.toml",
        "report = {",
        "documents = [\"read.txt\"]\nreport = { template = \"bao-cao.docx\",",
        &[
            "pack.toml, key documents: the pack has no file `read.txt`",
            "pack.toml, key report.template: the pack has no file `bao-cao.docx`",
        ],
    ),
    (
        "pack.toml",
        "\"officer\"",
        "\"boss\"",
        &[
            "pack.toml, line 29, key demo.users[1].role: `boss` is none of officer, trainer, coordinator, administrator, auditor",
        ],
    ),
    (
        "pack.toml",
        "unit = \"w2\"",
        "unit = \"w1\"",
        &["pack.toml, line 25, key demo.users.an.unit: the unit `w1` does not exist on 2026-11-23"],
    ),
    (
        "pack.toml",
        "[demo]",
        "[columns.units]\nrole = \"part\"\n[demo]",
        &["units.csv, row 1, column part: this column is missing"],
    ),
    (
        "pack.toml",
        "[tables]",
        "[tables",
        &["pack.toml, line 14: this is not TOML: unclosed table, expected `]`"],
    ),
];

#[test]
fn each_problem_is_named_with_its_place() {
    let mut wrong = Vec::new();
    for (path, from, to, expected) in CASES {
        let mut found = said(&with(path, from, to));
        let mut expected: Vec<String> = expected.iter().map(|text| (*text).to_owned()).collect();
        found.sort();
        expected.sort();
        if found != expected {
            wrong.push(format!(
                "{path}: {from:?} to {to:?}\n  said:     {found:#?}\n  expected: {expected:#?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn bytes_that_are_not_utf_8_are_named_by_row_and_column_or_line() {
    let broken = |path: &str, at: &str| {
        let mut files = whole();
        let bytes = files.get_mut(path).expect("the small pack has it");
        let text = String::from_utf8(bytes.clone()).expect("it is text");
        let start = text.find(at).expect("it has the text");
        bytes[start] = 0xff;
        said(&files)
    };
    assert_eq!(
        broken("tasks.csv", "giao")[0],
        "tasks.csv, row 2, column modality: this is not UTF-8: save the file as UTF-8"
    );
    assert_eq!(
        broken("plan.txt", "Ki"),
        ["plan.txt, line 3: this is not UTF-8: save the file as UTF-8"]
    );
    assert_eq!(
        broken("pack.toml", "small"),
        ["pack.toml, line 2: this is not UTF-8: save the file as UTF-8"]
    );
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_change_nothing() {
    let mut files = whole();
    for (path, bytes) in &mut files {
        let text = String::from_utf8(bytes.clone()).expect("the small pack is text");
        let windows = if path.ends_with(".csv") { text.replace('\n', "\r\n") } else { text };
        *bytes = format!("\u{feff}{windows}").into_bytes();
    }
    assert_eq!(said(&files), Vec::<String>::new());
}

#[test]
fn a_table_whose_cells_are_not_divided_by_commas_is_told_so_once() {
    for (divider, name) in [(';', "`;`"), ('\t', "tabs")] {
        let mut files = whole();
        let bytes = files.get_mut("legal.csv").expect("the small pack has it");
        let text = String::from_utf8(bytes.clone()).expect("it is text");
        // A cell with a comma in it, as a program leaves it that divides by something else.
        *bytes = text.replace(',', &divider.to_string()).replace("Luật", "Luật, sửa").into_bytes();
        assert_eq!(
            said(&files),
            [format!(
                "legal.csv, row 1: the cells are divided by {name}: save the table as CSV divided by commas"
            )]
        );
    }
}

#[test]
fn rows_are_counted_as_a_spreadsheet_counts_them() {
    // A cell with line breaks is one row; an empty line is one too.
    for end in ["\n", "\r\n"] {
        let text = String::from(
            "order,id,kind,text,forms,tasks\n1,A,heading,KẾ HOẠCH,inspect,\n\n2,B,duty,\"Kiểm tra các phường.\n\nBáo cáo.\",inspect,T1\n3,B,duty,,,\n",
        );
        let files = with("clauses.csv", "", &text.replace('\n', end));
        assert_eq!(
            said(&files),
            [
                "clauses.csv, row 5, column id: `B` is in row 4 already",
                "clauses.csv, row 5, column text: this must not be empty"
            ],
            "{end:?}"
        );
    }
}

#[test]
fn nothing_at_all_is_a_missing_manifest() {
    assert_eq!(said(&Files::new()), ["pack.toml: the pack has no file `pack.toml`"]);
}

#[test]
fn no_cut_anywhere_in_a_file_makes_the_reader_fail() {
    for (path, bytes) in whole() {
        for cut in 0..bytes.len() {
            let mut files = whole();
            files.insert(path.clone(), bytes[..cut].to_vec());
            said(&files);
        }
    }
}
