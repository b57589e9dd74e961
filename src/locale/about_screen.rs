//! Words of the frame: names of screens, and what every screen offers.

use super::{Language, words};

words! {
    app_name: "Sổ tay", "Sotay";
    today: "Hôm nay", "Today";
    records: "Hồ sơ", "Records";
    fill: "Nhập mới", "Fill";
    reports: "Báo cáo", "Reports";
    more: "Khác", "More";
    main_menu: "Các màn hình", "Screens";
    skip_to_content: "Đến nội dung", "Skip to content";
    back: "Quay lại", "Back";
    close: "Đóng", "Close";
    cancel: "Hủy", "Cancel";
    undo: "Hoàn tác", "Undo";
    search: "Tìm", "Search";
    clear_search: "Xóa từ khóa", "Clear the search";
    opening: "Đang mở…", "Opening…";
    part_missing: "Phần này của ứng dụng chưa có trên máy.", "This part of the app is not on this phone yet.";
    part_missing_why: "Kết nối mạng một lần để tải về. Những gì đã lưu vẫn còn nguyên.", "Connect once to fetch it. Everything you saved is still here.";
    yesterday: "hôm qua", "yesterday";
    all: "Tất cả", "All";
    nothing_here: "Không có trang này", "There is no such page";
    nothing_here_why: "Đường dẫn có thể đã cũ. Hồ sơ của bạn vẫn còn nguyên.", "The link may be old. Your records are all still here.";
    to_today: "Về trang Hôm nay", "Go to Today";

    to_continue: "Đang làm dở", "To continue";
    returned_to_me: "Bị trả lại", "Returned to you";
    most_used: "Mẫu phiếu hay dùng", "Forms you use most";
    all_forms: "Tất cả mẫu phiếu", "All forms";
    nothing_to_continue: "Không có phiếu nào làm dở.", "Nothing is left unfinished.";
    start_a_form: "Bắt đầu một phiếu", "Start a form";
    hello: "Xin chào", "Hello";

    search_forms: "Tìm mẫu phiếu", "Search forms";
    no_form_found: "Không có mẫu phiếu nào khớp. Gõ ít chữ hơn, không cần dấu.", "No form matches. Try fewer letters.";
    no_forms_yet: "Chưa có mẫu phiếu nào trên máy. Kết nối mạng một lần để tải về.", "No forms on this phone yet. Connect once to fetch them.";
    forms_arriving: "Đang tải ứng dụng và các mẫu phiếu về máy. Chờ tải xong rồi hãy rời nơi có mạng.", "The app and its forms are being fetched. Wait until it is done before going offline.";
    forms_held: "Mọi mẫu phiếu đã có trên máy: dùng được khi không có mạng.", "Every form is on this phone: ready for work offline.";
    app_not_kept: "Trình duyệt này không giữ ứng dụng trên máy: mất mạng là không mở lại được. Gửi hết, rồi mở bằng Safari hoặc Chrome, ở cửa sổ thường.", "This browser does not keep the app: without a network it will not open again. Send everything, then open it in Safari or Chrome, in a normal window.";
    files_not_here_why: "Danh sách lựa chọn có thể trống, ảnh có thể không hiện. Nối mạng một lúc rồi mở lại phiếu; những gì đã nhập vẫn còn.", "Lists to choose from may be empty, and pictures may not show. Connect for a while and open the form again; what you entered stays.";
    other_forms: "Mẫu phiếu khác", "Other forms";
    form_not_here: "Không mở được phiếu này", "This form could not be opened";
    which_unit: "Nhập cho đơn vị nào?", "For which unit?";
}

impl Language {
    /// How much a search found.
    #[must_use]
    pub fn matches(self, count: usize) -> String {
        match self {
            _ if count == 0 => self.no_choice_matches().to_owned(),
            Self::Vi => format!("Tìm thấy {}", self.count(count)),
            Self::En => format!("{} found", self.count(count)),
        }
    }
}
