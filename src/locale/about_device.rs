//! Words of signing in, of the phone's storage, and of the app's settings.

use super::{Language, words};

words! {
    sign_in: "Đăng nhập", "Sign in";
    sign_in_why: "Đăng nhập một lần khi có mạng. Sau đó ứng dụng mở được cả khi không có mạng.", "Sign in once with a network. After that the app opens without one.";
    account_name: "Tên đăng nhập", "Name";
    password: "Mật khẩu", "Password";
    show_password: "Hiện mật khẩu", "Show the password";
    signing_in: "Đang đăng nhập…", "Signing in…";
    sign_out: "Đăng xuất", "Sign out";
    signed_in_as: "Đang dùng máy này", "Using this phone";
    session_ended: "Phiên đăng nhập đã hết. Bạn vẫn làm việc được; đăng nhập lại để gửi.", "The session has ended. You can go on working; sign in again to send.";
    sign_in_again: "Đăng nhập lại", "Sign in again";
    wrong_credentials: "Tên hoặc mật khẩu không đúng.", "Wrong name or password.";
    server_unreachable: "Không gặp được máy chủ. Kiểm tra mạng rồi thử lại.", "The server was not reached. Check the network and try again.";
    fill_in_name: "Nhập tên đăng nhập và mật khẩu.", "Enter your name and password.";

    storage: "Bộ nhớ của máy", "Storage on this phone";
    kept_for_sure: "Trình duyệt hứa không tự xóa dữ liệu của ứng dụng.", "The browser has promised not to delete the app's data by itself.";
    not_kept_for_sure: "Trình duyệt có thể xóa dữ liệu khi máy đầy. Cài ứng dụng vào màn hình chính để được giữ chắc.", "The browser may delete data when the phone is full. Install the app to keep it safe.";
    ask_to_keep: "Xin giữ chắc dữ liệu", "Ask to keep the data";
    space_used: "Đã dùng", "Used";
    space_left: "Còn được dùng", "Still available";
    oldest_unsent: "Hồ sơ chưa gửi lâu nhất", "Oldest unsent record";
    unknown: "không rõ", "unknown";
    sync_log: "Các lần gửi, nhận", "Sync log";
    sync_log_empty: "Chưa có lần nào.", "None yet.";

    language: "Ngôn ngữ", "Language";
    text_size: "Cỡ chữ", "Text size";
    theme: "Nền", "Theme";
    theme_system: "Theo máy", "As the phone";
    theme_light: "Sáng", "Light";
    theme_dark: "Tối", "Dark";

    install: "Cài lên màn hình chính", "Install on the home screen";
    install_why: "Ứng dụng mở nhanh hơn và dữ liệu được giữ chắc hơn.", "It opens faster and its data is kept safer.";
    install_button: "Cài ứng dụng", "Install";
    install_android: "Mở trình đơn ⋮ của Chrome, chọn “Thêm vào màn hình chính” hoặc “Cài đặt ứng dụng”.", "Open Chrome's menu ⋮ and choose “Add to Home screen” or “Install app”.";
    install_iphone: "Trong Safari, chạm nút Chia sẻ (ô vuông có mũi tên lên), kéo xuống và chọn “Thêm vào MH chính”.", "In Safari, tap Share (the square with an arrow), scroll down and choose “Add to Home Screen”.";
    install_desk: "Bấm biểu tượng cài đặt ở cuối thanh địa chỉ của Chrome hoặc Edge.", "Click the install icon at the end of the address bar in Chrome or Edge.";
    installed: "Đã cài trên màn hình chính.", "Installed on the home screen.";
    not_now: "Để sau", "Not now";

    sign_out_unsent: "Còn hồ sơ chưa gửi. Kết nối mạng và gửi xong rồi hãy đăng xuất, để không mất gì.", "Some records are not sent yet. Connect and send them before signing out, so that nothing is lost.";
    version: "Bản ứng dụng", "App version";
    device: "Máy này", "This device";

    role_officer: "Cán bộ đơn vị", "Officer";
    role_trainer: "Người phụ trách lớp", "Trainer";
    role_coordinator: "Điều phối", "Coordinator";
    role_administrator: "Quản trị", "Administrator";
    role_auditor: "Kiểm tra, giám sát", "Auditor";
}

impl Language {
    /// The server would not sign the person in, and only its code says why.
    #[must_use]
    pub fn sign_in_refused(self, code: &str) -> String {
        match self {
            Self::Vi => format!("Máy chủ không cho đăng nhập ({code}). Hỏi người điều phối."),
            Self::En => format!("The server refused to sign you in ({code}). Ask the coordinator."),
        }
    }

    /// Work is on this phone that would be lost.
    #[must_use]
    pub fn unsent_work(self, count: usize) -> String {
        match self {
            Self::Vi => format!(
                "Máy này còn {} chưa gửi. Gửi xong rồi hãy đăng xuất.",
                self.record_count(count)
            ),
            Self::En => format!(
                "{} on this phone are not sent yet. Send them before signing out.",
                self.record_count(count)
            ),
        }
    }
}
