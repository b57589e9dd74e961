//! What is wrong in a spreadsheet, in Vietnamese. English is each problem's own text.

use xlsform::{ProblemKind, ReadError};

/// What is to be done with an old spreadsheet.
pub const OLD: &str = "tệp là .xls: hãy lưu lại thành .xlsx";

/// A problem of a cell, a row or a sheet.
#[expect(clippy::too_many_lines, reason = "one line for each kind")]
pub fn of_sheet(kind: &ProblemKind) -> String {
    use ProblemKind as Kind;
    match kind {
        Kind::MissingSheet { sheet, similar: None } => format!("không có trang '{sheet}'"),
        Kind::MissingSheet { sheet, similar: Some(similar) } => {
            format!("không có trang '{sheet}'; có phải là trang '{similar}' không?")
        }
        Kind::MisspeltSheet { meant } => format!(
            "trang này bị bỏ qua; có phải ý là '{meant}'? Trang có tên bắt đầu bằng '_' thì không bị hỏi"
        ),
        Kind::MissingColumn { column } => format!("trang không có cột '{column}'"),
        Kind::DuplicateColumn { first, second } => {
            format!("hai cột cùng một nghĩa: '{first}' và '{second}'")
        }
        Kind::UnknownColumn => "không biết cột này, nên bỏ qua".to_owned(),
        Kind::NotSupported { what } => format!("'{what}' không được hỗ trợ và không có tác dụng"),
        Kind::SheetTooLarge => "trang quá lớn: phần còn lại không được đọc".to_owned(),
        Kind::BehindBlankRows { limit } => {
            format!("phía trên có hơn {limit} dòng trống: từ đây trở đi không được đọc")
        }
        Kind::BehindBlankColumns { limit } => {
            format!("phía trước có hơn {limit} cột trống: từ đây trở đi không được đọc")
        }
        Kind::Formula => "ô chứa công thức; lấy kết quả đã lưu của nó".to_owned(),
        Kind::ErrorValue { value } => format!("ô chứa lỗi {value}; lỗi ấy được lấy làm chữ của ô"),
        Kind::MissingType => "dòng không có loại câu hỏi (type)".to_owned(),
        Kind::SkippedRow => "dòng không có type, name và label nên bị bỏ qua".to_owned(),
        Kind::Disabled => "XLSForm không có cột 'disabled': nên dùng 'relevant'".to_owned(),
        Kind::UnknownType { value } => format!("'{value}' không phải là một loại câu hỏi"),
        Kind::MissingName => "câu hỏi hoặc nhóm không có tên (name)".to_owned(),
        Kind::BadName { value } => format!(
            "'{value}' không thể làm tên: tên bắt đầu bằng chữ hoặc '_', chỉ gồm chữ, số, '-', '_' và '.'; tiền tố phải được khai báo"
        ),
        Kind::DuplicateName { value, first } => {
            format!("tên '{value}' dùng hai lần trong cùng một nhóm (lần đầu ở dòng {first})")
        }
        Kind::NameDiffersInCase { value } => {
            format!("tên '{value}' chỉ khác một tên khác ở chữ hoa, chữ thường")
        }
        Kind::ReservedName { value } => format!("tên '{value}' đã được dành riêng"),
        Kind::DuplicateRepeat { value } => {
            format!("nhóm lặp '{value}' trùng tên với một nhóm lặp khác hoặc với gốc của phiếu")
        }
        Kind::UnmatchedEnd { what } => format!("không có gì đang mở để 'end {what}' đóng lại"),
        Kind::UnclosedGroup { what, name } => {
            format!("'begin {what}' của '{name}' không được đóng lại")
        }
        Kind::NestedTooDeeply { limit } => format!("hơn {limit} nhóm lồng vào nhau"),
        Kind::LoopTooLarge => "vòng lặp (loop) tạo ra quá nhiều câu hỏi".to_owned(),
        Kind::MissingLabel => "câu hỏi không có nhãn (label) và không có gợi ý (hint)".to_owned(),
        Kind::MissingRepeatLabel => "nhóm lặp không có nhãn (label)".to_owned(),
        Kind::MissingCalculation => "thiếu phép tính (calculation)".to_owned(),
        Kind::BigImageAlone => "'big-image' cần có thêm 'image'".to_owned(),
        Kind::OldType { value } => format!("loại '{value}' không còn chạy trên hầu hết các máy"),
        Kind::SaveToOnGroup => {
            "không thể lưu nhóm và nhóm lặp thành thuộc tính của đối tượng (entity)".to_owned()
        }
        Kind::AuditName => "audit luôn có tên 'audit': hãy để trống tên".to_owned(),
        Kind::TableListMismatch { first, value } => {
            format!("'{value}' có trong cột nhưng danh sách lựa chọn có '{first}'")
        }
        Kind::ChoiceFilterNotAllowed { with } => {
            format!("không dùng được bộ lọc lựa chọn (choice_filter) cùng với {with}")
        }
        Kind::MissingChoiceFilter => {
            "lựa chọn ở trang 'external_choices' nên dùng cùng với bộ lọc (choice_filter)"
                .to_owned()
        }
        Kind::BackgroundGeopoint => {
            "background-geopoint cần có trigger và không nhận phép tính".to_owned()
        }
        Kind::HiddenTrigger { name } => {
            format!("câu hỏi '{name}' không hiện ra nên không thể làm trigger")
        }
        Kind::BadReference { value } => {
            format!("'{value}' không phải là tham chiếu: viết ${{tên}}")
        }
        Kind::UnknownReference { name } => format!("${{{name}}} không trỏ tới câu hỏi nào"),
        Kind::AmbiguousReference { name } => format!("${{{name}}} trỏ tới nhiều câu hỏi"),
        Kind::BrokenExpression { offset, message } => {
            format!("biểu thức sai ở ký tự thứ {offset}: {message}")
        }
        Kind::MissingList { list } => format!("không có danh sách lựa chọn '{list}'"),
        Kind::MissingChoiceName => "lựa chọn không có tên (name)".to_owned(),
        Kind::MissingListName => "lựa chọn không có tên danh sách nên bị bỏ qua".to_owned(),
        Kind::MissingChoiceLabel => "lựa chọn không có nhãn (label)".to_owned(),
        Kind::DuplicateChoice { list, value, first } => format!(
            "lựa chọn '{value}' có hai lần trong danh sách '{list}' (lần đầu ở dòng {first})"
        ),
        Kind::ChoiceNameWithBlank { list, value } => format!(
            "lựa chọn '{value}' của '{list}' có khoảng trắng trong tên: không dùng được ở câu chọn nhiều"
        ),
        Kind::UnknownFileKind { value } => {
            format!("'{value}' không phải loại tệp dùng được: .csv, .xml hoặc .geojson")
        }
        Kind::SearchWithFile => "không dùng được search() với lựa chọn lấy từ tệp".to_owned(),
        Kind::SearchMixed { list } => {
            format!("danh sách '{list}' chỗ dùng search(), chỗ không dùng")
        }
        Kind::BadParameters { value } => {
            format!("tham số viết khóa=giá_trị, cách nhau bằng khoảng trắng: '{value}'")
        }
        Kind::UnknownParameter { key, accepted } => {
            format!("'{key}' không phải tham số dùng ở đây; dùng được: {accepted}")
        }
        Kind::BadParameter { key, value, expected } => {
            format!("tham số '{key}' không thể là '{value}': {expected}")
        }
        Kind::MissingParameter { key, expected } => format!("thiếu tham số '{key}': {expected}"),
        Kind::ImageWithoutMaxPixels => "ảnh không có 'max-pixels' sẽ chiếm nhiều chỗ".to_owned(),
        Kind::DuplicateInstance { id } => format!("hai nguồn dữ liệu cùng tên '{id}'"),
        Kind::IncompleteEntity { what } => format!("khai báo đối tượng (entity) chưa đủ: {what}"),
        Kind::DuplicateEntity { list } => {
            format!("danh sách đối tượng '{list}' được khai báo hai lần")
        }
        Kind::UnknownEntity { list } => {
            format!("trang 'entities' không có danh sách đối tượng '{list}'")
        }
        Kind::AmbiguousSaveTo => {
            "có nhiều danh sách đối tượng: viết danh_sách#thuộc_tính".to_owned()
        }
        Kind::DuplicateSaveTo { property, first } => {
            format!("thuộc tính '{property}' đã được ghi ở dòng {first}")
        }
        Kind::EntityScope { list, here, there } => format!(
            "danh sách đối tượng '{list}' dùng ở hai nhóm lặp khác nhau: '{here}' và '{there}'"
        ),
        Kind::EntityPlace { other } => format!(
            "hai danh sách đối tượng cần cùng một nhóm: danh sách kia khai báo ở dòng {other}"
        ),
        Kind::MissingFile { name, similar: None } => {
            format!("bên cạnh biểu mẫu không có tệp '{name}'")
        }
        Kind::MissingFile { name, similar: Some(similar) } => {
            format!("bên cạnh biểu mẫu không có tệp '{name}'; có phải là '{similar}' không?")
        }
        Kind::EncryptedWithoutInstanceId => "phiếu mã hóa cần có instanceID".to_owned(),
        Kind::MissingTranslation { language, what } => {
            format!("thiếu chữ tiếng '{language}' cho '{what}', trong khi ngôn ngữ khác có")
        }
        Kind::UntranslatedOther => {
            "'or_other' chỉ thêm chữ tiếng Anh: nên tự viết lựa chọn và câu hỏi của nó".to_owned()
        }
        Kind::LanguageWithoutCode { value } => {
            format!("'{value}' không có mã ngôn ngữ, chẳng hạn 'Tiếng Việt (vi)'")
        }
        Kind::UnknownMedium { value } => format!("'{value}' không phải một loại phương tiện"),
    }
}

/// Why a file is no spreadsheet.
pub fn of_file(error: &ReadError) -> String {
    match error {
        ReadError::TooLarge { limit } => format!("tệp lớn hơn {limit} byte"),
        ReadError::NotASpreadsheet(why) => format!("tệp không phải bảng tính đọc được: {why}"),
        ReadError::NotText => "chữ trong tệp không phải UTF-8".to_owned(),
        ReadError::NoTable => "trong tệp không có bảng nào".to_owned(),
        ReadError::NoSpreadsheets => "bản này không đọc được bảng tính".to_owned(),
    }
}
