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
    sign_out_what: "Hồ sơ và mẫu phiếu của bạn sẽ được gỡ khỏi máy này. Những gì đã gửi vẫn còn trên máy chủ. Muốn nhập tiếp, bạn phải đăng nhập lại, và cần mạng để đăng nhập lại.", "Your records and forms are removed from this phone. What was sent stays at the server. To go on you have to sign in again, which takes a network.";
    sign_out_offline: "Máy đang không có mạng: đăng xuất bây giờ thì chưa đăng nhập lại được.", "There is no network: if you sign out now, you cannot sign in again yet.";
    stay_signed_in: "Ở lại", "Stay signed in";
    signed_in_as: "Đang dùng máy này", "Using this phone";
    session_ended: "Phiên đăng nhập đã hết. Bạn vẫn làm việc được; đăng nhập lại để gửi.", "The session has ended. You can go on working; sign in again to send.";
    sign_in_again: "Đăng nhập lại", "Sign in again";
    wrong_credentials: "Tên hoặc mật khẩu không đúng.", "Wrong name or password.";
    server_unreachable: "Không kết nối được với máy chủ. Kiểm tra mạng rồi thử lại.", "The server was not reached. Check the network and try again.";
    fill_in_name: "Nhập tên đăng nhập và mật khẩu.", "Enter your name and password.";

    storage: "Bộ nhớ của máy", "Storage on this phone";
    kept_for_sure: "Trình duyệt đã nhận giữ dữ liệu, không tự xóa.", "The browser has promised not to delete the app's data by itself.";
    not_kept_for_sure: "Trình duyệt có thể xóa dữ liệu khi máy đầy. Cài ứng dụng vào màn hình chính để được giữ chắc.", "The browser may delete data when the phone is full. Install the app to keep it safe.";
    ask_to_keep: "Xin giữ chắc dữ liệu", "Ask to keep the data";
    space_used: "Đã dùng", "Used";
    space_left: "Còn được dùng", "Still available";
    on_home_screen: "Trên màn hình chính", "On the home screen";
    is_installed: "đã cài", "installed";
    is_not_installed: "chưa cài", "not installed";
    held_files: "Ảnh, tệp trên máy", "Photos and files here";
    backup_holds_all: "Mọi dữ liệu máy chủ đã nhận đều có trong bản sao lưu.", "All that the server received is in a backup.";
    clock_what_to_do: "Đây là độ lệch lúc máy liên lạc với máy chủ lần cuối. Phiếu ghi ngày, giờ theo đồng hồ này: nếu chưa chỉnh, hãy chỉnh lại trong phần cài đặt của máy.", "That is how far it was off when this device last reached the server. Forms take the date and time from its clock: unless it is right by now, set it in the device's settings.";
    private_window: "Đây có vẻ là cửa sổ riêng tư: đóng nó lại là mất những gì chưa gửi.", "This seems to be a private window: what is not sent is lost when it is closed.";
    private_window_what_to_do: "Hãy mở đường dẫn này trong cửa sổ thường rồi mới nhập.", "Open this link in a normal window before you fill anything in.";
    low_space_what_to_do: "Xóa bớt ảnh, video hoặc ứng dụng khác trước khi nhập tiếp. Ảnh đã có trong bản sao lưu của máy chủ được tự bỏ khỏi máy này, cũ nhất trước.", "Delete some photos, videos or other apps before you go on. Photos that a backup of the server holds leave this phone by themselves, the oldest first.";
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
    install_iphone: "Hãy gửi hết trước: ứng dụng mở từ biểu tượng phải đăng nhập lại, và không có những gì chưa gửi ở đây. Trong Safari, chạm nút Chia sẻ (ô vuông có mũi tên lên), kéo xuống và chọn “Thêm vào MH chính”.", "Send everything first: opened from the icon, the app asks you to sign in again and does not have what is unsent here. In Safari, tap Share (the square with an arrow), scroll down and choose “Add to Home Screen”.";
    install_desk: "Bấm biểu tượng cài đặt ở cuối thanh địa chỉ của Chrome hoặc Edge.", "Click the install icon at the end of the address bar in Chrome or Edge.";
    installed: "Đã cài trên màn hình chính.", "Installed on the home screen.";
    not_now: "Để sau", "Not now";
    safari_deletes: "Mở lại trang này khi có mạng để gửi hết: Safari xóa dữ liệu của trang không mở trong 7 ngày", "Open this page again with a network to send everything: Safari deletes the data of a page that is not opened for 7 days";
    send_all_first: "Hãy gửi hết trước: những gì chưa gửi chỉ có ở đây.", "Send everything first: what is unsent is only here.";

    version: "Bản ứng dụng", "App version";

    role_officer: "Cán bộ đơn vị", "Officer";
    role_trainer: "Người phụ trách lớp", "Trainer";
    role_coordinator: "Điều phối", "Coordinator";
    role_administrator: "Quản trị", "Administrator";
    role_auditor: "Kiểm tra, giám sát", "Auditor";
}

impl Language {
    /// That a device's clock is behind the server's, or ahead of it, and by how much.
    #[must_use]
    pub fn clock_is_wrong(self, behind_ms: i64) -> String {
        const MINUTE: u64 = 60_000;
        let (slow, off) = (behind_ms > 0, behind_ms.unsigned_abs());
        let (count, vi, en) = match off / MINUTE {
            minutes @ 0..120 => (minutes, "phút", "minutes"),
            minutes @ 120..2880 => (minutes / 60, "giờ", "hours"),
            minutes => (minutes / 1440, "ngày", "days"),
        };
        let count = self.count(usize::try_from(count).unwrap_or(usize::MAX));
        match (self, slow) {
            (Self::Vi, true) => format!("Đồng hồ của máy chậm {count} {vi} so với máy chủ"),
            (Self::Vi, false) => format!("Đồng hồ của máy nhanh {count} {vi} so với máy chủ"),
            (Self::En, true) => format!("The device's clock is {count} {en} behind the server's"),
            (Self::En, false) => {
                format!("The device's clock is {count} {en} ahead of the server's")
            }
        }
    }

    /// The server would not sign the person in, and only its code says why.
    #[must_use]
    pub fn sign_in_refused(self, code: &str) -> String {
        match self {
            Self::Vi => format!("Máy chủ không cho đăng nhập ({code}). Hỏi người điều phối."),
            Self::En => format!("The server refused to sign you in ({code}). Ask the coordinator."),
        }
    }

    /// Room on the phone, when there is less of it than this.
    #[must_use]
    pub fn less_than(self, bytes: u64) -> String {
        match self {
            Self::Vi => format!("dưới {}", self.bytes(bytes)),
            Self::En => format!("less than {}", self.bytes(bytes)),
        }
    }

    /// Little room is left on the phone: how much, in words.
    #[must_use]
    pub fn low_space(self, left: &str) -> String {
        match self {
            Self::Vi => format!("Máy sắp đầy: còn {left}"),
            Self::En => format!("The phone is almost full: {left} left"),
        }
    }

    /// What goes with the phone if it is lost: records and files that the server does not have, and since when.
    #[must_use]
    pub fn lost_with_phone(
        self,
        records: usize,
        files: usize,
        bytes: u64,
        since: Option<&str>,
    ) -> String {
        let mut what = self.records_and_files(records, files);
        if files > 0 {
            what = format!("{what} ({})", self.bytes(bytes));
        }
        match (self, since) {
            (Self::Vi, Some(since)) => format!("Mất {what}, làm từ {since}."),
            (Self::Vi, None) => format!("Mất {what}."),
            (Self::En, Some(since)) => format!("{what} would be lost, made since {since}."),
            (Self::En, None) => format!("{what} would be lost."),
        }
    }

    /// What the server has received and no backup of it holds.
    #[must_use]
    pub fn without_backup(self, records: usize) -> String {
        match self {
            Self::Vi => format!(
                "{} máy chủ đã nhận, chưa có trong bản sao lưu; máy này còn giữ.",
                self.record_count(records)
            ),
            Self::En => format!(
                "{} received by the server, not in a backup yet; still kept on this phone.",
                self.record_count(records)
            ),
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
                "This phone still has {} to send. Sign out once that is done.",
                self.record_count(count)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_wrong_a_clock_is_is_told_in_the_largest_unit_that_says_it() {
        const MINUTE: i64 = 60_000;
        let told = |minutes: i64| Language::Vi.clock_is_wrong(minutes * MINUTE);
        assert_eq!(told(11), "Đồng hồ của máy chậm 11 phút so với máy chủ");
        assert_eq!(told(-130), "Đồng hồ của máy nhanh 2 giờ so với máy chủ");
        assert_eq!(told(3 * 1440 + 5), "Đồng hồ của máy chậm 3 ngày so với máy chủ");
        let years = Language::En.clock_is_wrong(i64::MIN);
        assert!(years.ends_with("days ahead of the server's"), "{years}");
    }
}
