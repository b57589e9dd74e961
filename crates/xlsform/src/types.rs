//! The question types: what each spelling means for bind and control.

use form::definition::ControlKind;

/// What a question type brings along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QuestionType {
    /// How it is asked; `None` for what is only stored.
    pub(crate) control: Option<ControlKind>,
    /// `mediatype` of an upload.
    pub(crate) medium: Option<&'static str>,
    /// `type` of the bind; `None` for no bind at all.
    pub(crate) data: Option<&'static str>,
    /// `jr:preload` and `jr:preloadParams`.
    pub(crate) preload: Option<(&'static str, &'static str)>,
    /// A constraint that is always there.
    pub(crate) constraint: Option<&'static str>,
    /// A hint unless the row has one.
    pub(crate) hint: Option<&'static str>,
    /// What needs more than the above.
    pub(crate) special: Special,
}

/// Types with rules of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Special {
    No,
    Calculate,
    Note,
    Text,
    Photo,
    Audio,
    Range,
    Geopoint,
    Geoshape,
    Select,
    SelectExternal,
    Audit,
    StartGeopoint,
    BackgroundGeopoint,
    BackgroundAudio,
    Osm,
}

const STORED: QuestionType = QuestionType {
    control: None,
    medium: None,
    data: Some("string"),
    preload: None,
    constraint: None,
    hint: None,
    special: Special::No,
};

const fn input(data: &'static str) -> QuestionType {
    QuestionType { control: Some(ControlKind::Input), data: Some(data), ..STORED }
}

const fn special(data: &'static str, special: Special) -> QuestionType {
    QuestionType { special, ..input(data) }
}

const fn number(constraint: &'static str, hint: Option<&'static str>) -> QuestionType {
    QuestionType { constraint: Some(constraint), hint, ..input("int") }
}

const fn upload(medium: &'static str, special: Special) -> QuestionType {
    let control = Some(ControlKind::Upload);
    QuestionType { control, medium: Some(medium), data: Some("binary"), special, ..STORED }
}

const fn trigger(data: Option<&'static str>) -> QuestionType {
    QuestionType { control: Some(ControlKind::Trigger), data, ..STORED }
}

const fn property(name: &'static str) -> QuestionType {
    QuestionType { preload: Some(("property", name)), ..STORED }
}

const fn timestamp(name: &'static str) -> QuestionType {
    QuestionType { preload: Some(("timestamp", name)), data: Some("dateTime"), ..STORED }
}

const fn hidden(data: &'static str, special: Special) -> QuestionType {
    QuestionType { data: Some(data), special, ..STORED }
}

/// Questions with choices, by what the control and the bind are.
pub(crate) const fn select(kind: ControlKind, external: bool) -> QuestionType {
    let data = if matches!(kind, ControlKind::Rank) { "odk:rank" } else { "string" };
    let special = if external { Special::SelectExternal } else { Special::Select };
    QuestionType { control: Some(kind), data: Some(data), special, ..STORED }
}

/// The audit log.
pub(crate) const AUDIT: QuestionType = hidden("binary", Special::Audit);
/// A value that is computed.
pub(crate) const CALCULATE: QuestionType = hidden("string", Special::Calculate);
/// Text to read.
pub(crate) const NOTE: QuestionType = special("string", Special::Note);
/// Text to write.
pub(crate) const TEXT: QuestionType = special("string", Special::Text);

/// A thing on the map.
pub(crate) const OSM: QuestionType = upload("osm/*", Special::Osm);

/// The types of questions: every spelling, the one that the type is called by first, and what it means. Selects, groups and
/// settings are read elsewhere.
const QUESTION_TYPES: &[(&[&str], QuestionType)] = &[
    (&["text"], TEXT),
    (&["string", "q string", "add text prompt"], input("string")),
    (&["integer", "int", "q int", "add integer prompt"], input("int")),
    (&["decimal", "q decimal", "add decimal prompt"], input("decimal")),
    (&["percentage"], number("0 <= . and . <= 100", None)),
    (&["number of days in last month"], number("0 <= . and . <= 31", Some("Enter a number 0-31."))),
    (
        &["number of days in last six months"],
        number("0 <= . and . <= 183", Some("Enter a number 0-183.")),
    ),
    (
        &["number of days in last year"],
        number("0 <= . and . <= 365", Some("Enter a number 0-365.")),
    ),
    (
        &["phone number"],
        QuestionType {
            constraint: Some(r"regex(., '^\d*$')"),
            hint: Some("Enter numbers only."),
            ..input("string")
        },
    ),
    (
        &["range"],
        QuestionType { control: Some(ControlKind::Range), ..special("int", Special::Range) },
    ),
    (&["note", "q note", "add note prompt"], NOTE),
    (&["date", "q date", "add date prompt"], input("date")),
    (&["time"], input("time")),
    (
        &[
            "dateTime",
            "datetime",
            "date time",
            "q date time",
            "q dateTime",
            "add date time prompt",
            "add dateTime prompt",
        ],
        input("dateTime"),
    ),
    (&["geopoint"], special("geopoint", Special::Geopoint)),
    (&["gps", "location", "q geopoint", "q location", "add location prompt"], input("geopoint")),
    (&["geotrace"], special("geotrace", Special::Geoshape)),
    (&["q geotrace"], input("geotrace")),
    (&["geoshape"], special("geoshape", Special::Geoshape)),
    (&["q geoshape"], input("geoshape")),
    (&["barcode", "q barcode", "add barcode prompt"], input("barcode")),
    (
        &["image", "photo", "add image prompt", "add photo prompt"],
        upload("image/*", Special::Photo),
    ),
    (&["q picture", "q image"], upload("image/*", Special::No)),
    (&["audio", "add audio prompt"], upload("audio/*", Special::Audio)),
    (&["q audio"], upload("audio/*", Special::No)),
    (&["video", "q video", "add video prompt"], upload("video/*", Special::No)),
    (&["file", "add file prompt"], upload("application/*", Special::No)),
    (&["osm"], OSM),
    (&["acknowledge", "q acknowledge", "add acknowledge prompt"], trigger(Some("string"))),
    (&["trigger"], trigger(None)),
    (&["calculate"], CALCULATE),
    (&["hidden", "q calculate", "add calculate prompt"], STORED),
    (&["start", "start time", "get start time"], timestamp("start")),
    (&["end", "end time", "get end time"], timestamp("end")),
    (
        &["today", "get today"],
        QuestionType { preload: Some(("date", "today")), data: Some("date"), ..STORED },
    ),
    (&["deviceid", "device id", "get device id", "imei"], property("deviceid")),
    (&["username"], property("username")),
    (&["email"], property("email")),
    (&["phonenumber", "get phone number"], property("phonenumber")),
    (&["simserial", "sim id", "get sim id"], property("simserial")),
    (&["subscriberid", "subscriber id", "get subscriber id"], property("subscriberid")),
    (&["uri:deviceid"], property("uri:deviceid")),
    (&["uri:username"], property("uri:username")),
    (&["uri:email"], property("uri:email")),
    (&["uri:phonenumber"], property("uri:phonenumber")),
    (&["uri:simserial"], property("uri:simserial")),
    (&["uri:subscriberid"], property("uri:subscriberid")),
    (&["audit"], AUDIT),
    (&["start-geopoint"], hidden("geopoint", Special::StartGeopoint)),
    (
        &["background-geopoint"],
        QuestionType { special: Special::BackgroundGeopoint, ..trigger(Some("geopoint")) },
    ),
    (&["background-audio"], hidden("binary", Special::BackgroundAudio)),
];

/// The meaning of a type's spelling.
pub(crate) fn question_type(spelling: &str) -> Option<QuestionType> {
    let known = QUESTION_TYPES.iter().find(|(spellings, _)| spellings.contains(&spelling));
    known.map(|(_, meaning)| *meaning)
}

/// The types of questions that are read, each by what it is called; a select has its list behind it.
pub fn question_types() -> impl Iterator<Item = &'static str> {
    let plain = QUESTION_TYPES.iter().filter_map(|(spellings, _)| spellings.first().copied());
    let selects = SELECTS.iter().map(|(command, _)| *command);
    plain.chain(selects.filter(|command| !command.contains(' ')))
}

/// What a row of the survey is, by its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RowType {
    Begin(Container, Option<String>),
    End(Container),
    Select(SelectType),
    External { csv: bool },
    Osm { list: String },
    Setting(&'static str),
    Question(QuestionType),
}

/// What holds questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    Group,
    Repeat,
    Loop,
}

impl Container {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Repeat => "repeat",
            Self::Loop => "loop",
        }
    }
}

/// A select: `select_one list or_other`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SelectType {
    pub(crate) kind: ControlKind,
    pub(crate) external: bool,
    pub(crate) from_file: bool,
    pub(crate) list: String,
    pub(crate) or_other: bool,
}

/// Reads the type cell of a row.
pub(crate) fn row_type(text: &str) -> Option<RowType> {
    if let Some((container, list)) = container(text, "begin") {
        let list = list.map(|l| l.strip_prefix("over ").unwrap_or(l).to_owned());
        return Some(RowType::Begin(container, list));
    }
    if let Some((container, None)) = container(text, "end") {
        return Some(RowType::End(container));
    }
    if let Some(select) = select_type(text) {
        return Some(RowType::Select(select));
    }
    match text {
        "csv-external" => return Some(RowType::External { csv: true }),
        "xml-external" => return Some(RowType::External { csv: false }),
        "form_title" | "set_form_title" => return Some(RowType::Setting("title")),
        "form_id" | "set_form_id" => return Some(RowType::Setting("id_string")),
        _ => {}
    }
    if let Some(list) = text.strip_prefix("osm ") {
        return Some(RowType::Osm { list: list.to_owned() });
    }
    question_type(text).map(RowType::Question)
}

/// `begin group`, `begin_repeat`, `begin loop over list`.
fn container<'a>(text: &'a str, word: &str) -> Option<(Container, Option<&'a str>)> {
    const NAMES: [(&str, Container); 5] = [
        ("looped group", Container::Repeat),
        ("lgroup", Container::Repeat),
        ("group", Container::Group),
        ("repeat", Container::Repeat),
        ("loop", Container::Loop),
    ];
    let rest = text.strip_prefix(word)?.strip_prefix([' ', '_'])?;
    NAMES.into_iter().find_map(|(name, container)| match rest.strip_prefix(name)? {
        "" => Some((container, None)),
        rest => {
            let list = rest.strip_prefix(' ')?;
            let words = list.strip_prefix("over ").unwrap_or(list);
            (!words.is_empty() && !words.contains(' ')).then_some((container, Some(list)))
        }
    })
}

/// How a select begins, and what it is asked by; an input has its list outside the form.
const SELECTS: [(&str, ControlKind); 16] = [
    ("add select one prompt using", ControlKind::Select1),
    ("add select multiple prompt using", ControlKind::Select),
    ("select all that apply from", ControlKind::Select),
    ("select one from file", ControlKind::Select1),
    ("select multiple from file", ControlKind::Select),
    ("select_one_from_file", ControlKind::Select1),
    ("select_multiple_from_file", ControlKind::Select),
    ("select_one_external", ControlKind::Input),
    ("select one external", ControlKind::Input),
    ("select one from", ControlKind::Select1),
    ("select1", ControlKind::Select1),
    ("select_one", ControlKind::Select1),
    ("select one", ControlKind::Select1),
    ("select_multiple", ControlKind::Select),
    ("select all that apply", ControlKind::Select),
    ("rank", ControlKind::Rank),
];

fn select_type(text: &str) -> Option<SelectType> {
    SELECTS.into_iter().find_map(|(command, kind)| {
        let rest = text.strip_prefix(command)?.strip_prefix(' ')?;
        let (list, other) = match rest.split_once(' ') {
            Some((list, other)) => (list, Some(other)),
            None => (rest, None),
        };
        let or_other = match other {
            None => false,
            Some("or_other" | "or other" | "or specify other") => true,
            Some(_) => return None,
        };
        let from_file = command.ends_with("file");
        let external = kind == ControlKind::Input;
        Some(SelectType { kind, external, from_file, list: list.to_owned(), or_other })
    })
}

/// Puts what a type brings along into a node, under what the row says.
pub(crate) fn apply(kind: QuestionType, node: &mut crate::tree::Node) {
    let mut add = |name: &str, value: Option<&str>| {
        if let Some(value) = value
            && node.bind(name).is_none()
        {
            node.set_bind(name, value);
        }
    };
    add("type", kind.data);
    add("readonly", (kind.special == Special::Note).then_some("true()"));
    add("constraint", kind.constraint);
    add("jr:preload", kind.preload.map(|(preload, _)| preload));
    add("jr:preloadParams", kind.preload.map(|(_, parameters)| parameters));
    if let Some(medium) = kind.medium
        && node.control("mediatype").is_none()
    {
        node.set_control("mediatype", medium);
    }
    if let Some(hint) = kind.hint
        && node.hint.is_empty()
    {
        node.hint = crate::table::Text::plain(hint);
    }
}
