//! Words of trying a form before it is published.

use form::{ProblemKind, XformError};

use super::{Language, words};

words! {
    preview: "Chạy thử mẫu phiếu", "Try a form";
    preview_why: "Thả tệp Excel (XLSForm) hoặc .xml (XForm) vào đây, kèm các tệp mà phiếu dùng (.csv, .geojson). Phiếu chạy ngay trên máy này; câu trả lời không được lưu và không gửi đi đâu.", "Drop an Excel file (XLSForm) or an .xml file (XForm) here, with the files that it uses (.csv, .geojson). The form runs on this device; answers are neither kept nor sent.";
    preview_choose: "Chọn tệp", "Choose files";
    preview_other: "Thử tệp khác", "Try another file";
    preview_reading: "Đang đọc mẫu phiếu…", "Reading the form…";
    preview_runs: "Đang chạy thử: không lưu, không gửi", "Trying out: nothing is kept or sent";
    preview_stops: "Phiếu chưa chạy được. Sửa các lỗi dưới đây rồi thử lại.", "The form cannot run yet. Mend what is listed and try again.";
    preview_done: "Đã điền xong. Đây là những gì sẽ được nộp:", "Filled in. This is what would be submitted:";
    preview_again: "Điền lại từ đầu", "Fill in again";
    preview_no_form: "Trong các tệp này không có mẫu phiếu nào.", "None of these files is a form.";
    preview_needs_network: "Tệp Excel do máy chủ đọc: cần có mạng. Tệp .xml thì không cần.", "Excel files are read by the server: a network is needed. An .xml file needs none.";
    preview_needs_sign_in: "Tệp Excel do máy chủ đọc: hãy đăng nhập trước. Tệp .xml thì không cần.", "Excel files are read by the server: sign in first. An .xml file needs none.";
    preview_too_large: "Tệp quá lớn: nhiều nhất 4 MB.", "The file is too large: 4 MB at most.";
    preview_failed: "Máy chủ không đọc được tệp này.", "The server could not read this file.";
    file_unreadable: "Không đọc được tệp này.", "This file cannot be read.";
    problem_stops: "Lỗi", "Error";
    problem_warns: "Lưu ý", "Warning";
    answer: "Câu trả lời", "Answer";
}

impl Language {
    /// How many problems a form has.
    #[must_use]
    pub fn form_problems(self, errors: usize, warnings: usize) -> String {
        let (errors_text, warnings_text) = (self.count(errors), self.count(warnings));
        let warnings_only = match self {
            Self::Vi => format!("{warnings_text} lưu ý"),
            Self::En if warnings == 1 => "1 warning".to_owned(),
            Self::En => format!("{warnings_text} warnings"),
        };
        match self {
            _ if errors == 0 => warnings_only,
            Self::Vi => format!("{errors_text} lỗi, {warnings_only}"),
            Self::En if errors == 1 => format!("1 error, {warnings_only}"),
            Self::En => format!("{errors_text} errors, {warnings_only}"),
        }
    }

    /// A place in a spreadsheet: its sheet, and the row and the column if they are known.
    #[must_use]
    pub fn cell(self, sheet: &str, row: Option<u32>, column: Option<(&str, &str)>) -> String {
        let (sheet_word, row_word, column_word) = match self {
            Self::Vi => ("Trang", "dòng", "cột"),
            Self::En => ("Sheet", "row", "column"),
        };
        let mut text = format!("{sheet_word} {sheet}");
        if let Some(row) = row {
            text += &format!(", {row_word} {row}");
        }
        if let Some((letters, header)) = column {
            text += &format!(", {column_word} {letters} ({header})");
        }
        text
    }

    /// What is wrong at a place of a form.
    #[must_use]
    pub fn node_problem(self, kind: &ProblemKind) -> String {
        use ProblemKind as Kind;
        if self == Self::En {
            return kind.to_string();
        }
        match kind {
            Kind::UnknownElement(name) => format!("không biết phần tử <{name}> ở đây, nên bỏ qua"),
            Kind::NoPrimary(what) => format!("dữ liệu chính của phiếu thiếu {what}"),
            Kind::Expression { text, offset, message } => {
                format!("biểu thức sai ở ký tự thứ {offset}: {message}, trong `{text}`")
            }
            Kind::UnreadableOutput { text, offset, message } => {
                format!("output sai ở ký tự thứ {offset}: {message}, trong `{text}`, nên để trống")
            }
            Kind::EmptyOutput => "output không có biểu thức, nên để trống".to_owned(),
            Kind::UnknownNode(path) => format!("không có trường {path}"),
            Kind::UnboundControl(path) => format!("không có trường {path}; câu hỏi không hiện ra"),
            Kind::UnknownReference { text, path } => format!("`{text}` đọc {path}, không có"),
            Kind::UnknownFunction(name) => format!("không biết hàm {name}()"),
            Kind::UnreadablePattern { pattern, message } => {
                format!("regex() không hiểu mẫu `{pattern}`: {message}; điều mẫu này cần kiểm tra sẽ không được kiểm tra")
            }
            Kind::EntitiesOfLater(version) => {
                format!("danh sách đối tượng (entities) phiên bản {version} chưa được hỗ trợ: phiếu này cần ứng dụng mới hơn")
            }
            Kind::UnknownInstance(id) => format!("không có instance('{id}')"),
            Kind::DuplicateBind => "hai bind cùng trỏ tới trường này".to_owned(),
            Kind::DuplicateInstance(id) => {
                format!("hai nguồn dữ liệu cùng tên {id}; chỉ nguồn sau cùng có hiệu lực")
            }
            Kind::Cycle(path) => {
                format!("các trường này cần kết quả của nhau: {}", path.join(" → "))
            }
            Kind::UnknownEvent(name) => format!("không biết sự kiện {name}"),
            Kind::EventOutsideRepeat => "odk-new-repeat phải nằm trong nhóm lặp".to_owned(),
            Kind::NoEvent => "sự kiện (event) để trống".to_owned(),
            Kind::NoTarget => "thao tác không nêu trường cần đổi".to_owned(),
            Kind::NoNodeset => "nhóm lặp không có nodeset".to_owned(),
            Kind::NoItemsetValue => "itemset không có <value> kèm ref".to_owned(),
            Kind::NewRepeatInModel => {
                "thao tác này không bao giờ xảy ra: odk-new-repeat phải nằm trong nhóm lặp"
                    .to_owned()
            }
            Kind::MissingResource(name) => format!("thiếu tệp {name}"),
            Kind::UnreadableResource { name, message } => {
                format!("không đọc được tệp {name}: {message}")
            }
            Kind::MissingText(id) => format!("không ngôn ngữ nào có chữ `{id}`"),
            Kind::NotEncrypted => {
                "phiếu yêu cầu mã hóa (base64RsaPublicKey), nhưng việc này chưa được hỗ trợ: dữ liệu được lưu và gửi đi nguyên dạng"
                    .to_owned()
            }
            Kind::UnreadableSearch(call) => format!("không hiểu search() trong `{call}`"),
            Kind::TooDeep(levels) => format!("phiếu lồng sâu hơn {levels} tầng"),
        }
    }

    /// Why a file is no form.
    #[must_use]
    pub fn no_xform(self, error: &XformError) -> String {
        match (self, error) {
            (Self::En, error) => error.to_string(),
            (Self::Vi, XformError::Xml { line, column, message }) => {
                format!("XML sai ở dòng {line}, cột {column}: {message}")
            }
            (Self::Vi, XformError::Missing(what)) => format!("tệp không có {what}"),
            (Self::Vi, XformError::Incomplete { element, part, line, column }) => {
                format!("<{element}> thiếu <{part}> ở dòng {line}, cột {column}")
            }
            (Self::Vi, XformError::TooDeep(levels)) => {
                format!("các phần tử lồng sâu hơn {levels} tầng")
            }
        }
    }
}
