//! Words of the line on top of every screen: what is on this phone only, and what the server has.

use super::{Language, words};

words! {
    standing: "Tình trạng gửi", "Sending";
    never_sent: "Chưa gửi gì lên máy chủ", "Nothing sent to the server yet";
    phase_sending: "Đang gửi…", "Sending…";
    phase_sending_files: "Đang gửi ảnh, chữ ký…", "Sending photos and signatures…";
    phase_receiving: "Đang nhận…", "Receiving…";
    phase_offline: "Không có mạng", "No network";
    blocked_signed_out: "Cần đăng nhập lại để gửi", "Sign in again to send";
    blocked_upgrade: "Cần bản mới của ứng dụng để gửi", "A new version of the app is needed to send";
    blocked_storage: "Bộ nhớ của máy bị lỗi", "This phone's storage has failed";
    blocked_server: "Máy chủ đang lỗi, máy sẽ tự thử lại", "The server has a problem; trying again by itself";
    blocked_file: "Có ảnh hoặc tệp không đọc được nữa trên máy này, nên không gửi được", "This phone can no longer read a photo or file, so it is not sent";
    send_now: "Gửi ngay", "Send now";
    sent_by_itself: "Máy tự gửi khi có mạng. Không cần làm gì cả; chỉ đừng xóa ứng dụng hay dữ liệu trình duyệt trước khi gửi xong.", "It is sent by itself once there is a network. Nothing to do; just do not delete the app or the browser's data before that.";
    large_by_wifi: "Tệp lớn: chỉ gửi qua Wi-Fi", "Large files: by Wi-Fi only";
    large_by_wifi_why: "Phim, ghi âm và ảnh trên 1 MB chờ đến khi có Wi-Fi, để không tốn dữ liệu di động; câu trả lời và ảnh nhỏ vẫn gửi ngay. Chạm “Gửi ngay” thì lần ấy gửi tất cả.", "Films, recordings and photos over 1 MB wait for Wi-Fi and use no mobile data; answers and small photos go at once. “Send now” sends everything that one time.";
    if_lost: "Nếu mất máy lúc này", "If this phone were lost now";
    lose_nothing: "Không mất gì: máy chủ có tất cả.", "Nothing would be lost: the server has it all.";
    server_has: "Máy chủ đã nhận lần cuối", "The server last received";
    on_phone_only: "Chỉ có trên máy này", "On this phone only";
    in_repair: "Đang chờ người điều phối xử lý", "Kept by the server for the coordinator to look at";
    new_version: "Có bản mới của ứng dụng.", "A new version of the app is ready.";
    take_new_version: "Dùng bản mới", "Use it";
    not_saved_yet: "Còn câu trả lời chưa lưu được; chưa đổi bản mới.", "Some answers could not be saved, so the new version waits.";
}

impl Language {
    /// The server wants no more for so long.
    #[must_use]
    pub fn asked_to_wait(self, minutes: u32) -> String {
        let minutes = self.minutes(minutes);
        match self {
            Self::Vi => format!("Máy chủ yêu cầu chờ {minutes}"),
            Self::En => format!("The server asks to wait {minutes}"),
        }
    }

    /// Files waiting to be sent.
    #[must_use]
    pub fn file_count(self, count: usize) -> String {
        match self {
            Self::Vi => format!("{} tệp", self.count(count)),
            Self::En if count == 1 => "1 file".to_owned(),
            Self::En => format!("{} files", self.count(count)),
        }
    }

    /// Why files wait though there is a network.
    #[must_use]
    pub fn wait_for_wifi(self, count: usize) -> String {
        match self {
            Self::Vi => format!("{} tệp lớn chờ Wi-Fi", self.count(count)),
            Self::En if count == 1 => "1 large file waits for Wi-Fi".to_owned(),
            Self::En => format!("{} large files wait for Wi-Fi", self.count(count)),
        }
    }

    /// Records and files, each only if there is one: `3 hồ sơ và 2 tệp`.
    #[must_use]
    pub fn records_and_files(self, records: usize, files: usize) -> String {
        match (records, files) {
            (records, 0) => self.record_count(records),
            (0, files) => self.file_count(files),
            (records, files) => {
                let and = match self {
                    Self::Vi => "và",
                    Self::En => "and",
                };
                format!("{} {and} {}", self.record_count(records), self.file_count(files))
            }
        }
    }

    /// What the server does not have: `3 hồ sơ và 2 tệp chỉ có trên máy này`.
    #[must_use]
    pub fn only_here(self, records: usize, files: usize) -> String {
        let what = self.records_and_files(records, files);
        match self {
            Self::Vi => format!("{what} chỉ có trên máy này"),
            Self::En => format!("{what} on this phone only"),
        }
    }

    /// What a talk with the server brought there: `Gửi 3 hồ sơ và 2 tệp (120 KB)`.
    #[must_use]
    pub fn went_up(self, records: usize, files: usize, bytes: u64) -> String {
        let sent = match self {
            Self::Vi => "Gửi",
            Self::En => "Sent",
        };
        format!("{sent} {} ({})", self.records_and_files(records, files), self.bytes(bytes))
    }

    /// What a talk with the server brought here: `Nhận 5 hồ sơ (12 KB)`.
    #[must_use]
    pub fn came_down(self, records: usize, bytes: u64) -> String {
        let received = match self {
            Self::Vi => "Nhận",
            Self::En => "Received",
        };
        format!("{received} {} ({})", self.record_count(records), self.bytes(bytes))
    }

    /// The server has everything, and could not put this many records' parts where they belong.
    #[must_use]
    pub fn kept_aside(self, records: usize) -> String {
        let records = self.record_count(records);
        match self {
            Self::Vi => format!("{records} đang chờ người điều phối xử lý"),
            Self::En => format!("{records} kept aside at the server for the coordinator"),
        }
    }

    /// The server has everything, and since when.
    #[must_use]
    pub fn all_sent_at(self, moment: &str) -> String {
        match self {
            Self::Vi => format!("Đã gửi hết, lúc {moment}"),
            Self::En => format!("All sent, {moment}"),
        }
    }

    /// What a lost phone would take with it.
    #[must_use]
    pub fn would_lose(self, records: usize, files: usize) -> String {
        let what = self.records_and_files(records, files);
        match self {
            Self::Vi => format!("Sẽ mất {what} chưa gửi."),
            Self::En => format!("{what}, not sent yet, would be lost."),
        }
    }
}
