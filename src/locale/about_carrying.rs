//! Words of work that goes by file: made here, brought for others, gone on with from a lost phone.

use super::{Language, words};

words! {
    by_file: "Chuyển bằng tệp", "Carry as a file";
    by_file_why: "Khi máy này lâu không có mạng hoặc sắp hỏng, hồ sơ chưa gửi có thể đi bằng tệp.", "When this phone has no network for long, or is about to fail, unsent work can go as a file.";
    by_file_open: "Chuyển, nhận tệp, cứu hộ", "Carry, deliver, rescue";

    carry_title: "Chuyển hồ sơ chưa gửi", "Carry unsent work";
    carry_why: "Tạo một tệp rồi nhờ người khác đem tới nơi có mạng, hoặc đem tới máy của người điều phối. Chỉ máy chủ đọc được tệp này; người chuyển không xem và không sửa được. Mọi thứ vẫn còn trên máy này cho tới khi máy chủ nhận.", "Make a file and have somebody bring it to where there is a network, or to the coordinator's computer. Only the server can read it; whoever carries it can neither see nor change anything. All of it stays on this phone until the server has it.";
    carry_make: "Tạo tệp chuyển", "Make the file";
    carry_making: "Đang tạo tệp…", "Making the file…";
    carry_share: "Chia sẻ tệp", "Share the file";
    carry_save: "Tải tệp xuống máy", "Save the file";
    carry_stays: "Chỉ máy chủ đọc được. Không có gì rời khỏi máy này.", "Only the server can read it. Nothing has left this phone.";
    carry_nothing: "Máy chủ đã có tất cả: không có gì cần chuyển.", "The server has everything: there is nothing to carry.";
    carry_no_key: "Máy này chưa nhận được khóa của máy chủ. Có mạng một lần rồi thử lại; lúc này hãy dùng tệp cứu hộ.", "This phone has not received the server's key yet. Go online once and try again; use a rescue file for now.";
    bundle_too_long: "Có câu trả lời quá dài để bỏ vào tệp. Câu ấy và những gì làm sau đó không có trong tệp, vẫn nằm trên máy này.", "An answer is too long for a file. That one and what was done after it are not in the file; they stay on this phone.";
    carry_not_shared: "Máy này không chia sẻ được tệp. Tải tệp xuống, rồi gửi từ mục tệp của máy.", "This phone does not share the file. Save it, then send it from the phone's files.";
    carry_failed: "Không tạo được tệp. Thử lại.", "The file could not be made. Try again.";

    receipt_why: "Người chuyển đem về biên nhận của máy chủ? Mở nó ở đây: máy này biết phần nào đã được nhận, không cần mạng.", "Did the carrier bring back the server's receipt? Open it here: this phone then knows what was received, without a network.";
    receipt_pick: "Mở biên nhận", "Open a receipt";
    receipt_not_one: "Đây không phải biên nhận của Sổ tay.", "This is not a receipt of Sotay's.";
    receipt_not_signed: "Biên nhận này không phải do máy chủ ký, hoặc đã bị sửa. Không có gì thay đổi.", "The server did not sign this receipt, or somebody changed it. Nothing has changed.";
    receipt_not_ours: "Biên nhận này không phải của tệp mà bạn đã tạo trên máy này. Không có gì thay đổi.", "This receipt is not of a file that you made on this phone. Nothing has changed.";
    receipt_outdated: "Máy chủ đã được khôi phục từ bản sao lưu, nên biên nhận này không còn đúng. Mọi thứ vẫn còn trên máy này.", "The server was restored from a backup, so this receipt does not hold any more. All of it is still on this phone.";
    receipt_give: "Đem biên nhận này về cho người đã tạo tệp: máy của họ sẽ biết là đã nhận.", "Bring this receipt back to whoever made the file: their phone will know that it was received.";
    receipt_share: "Chia sẻ biên nhận", "Share the receipt";
    receipt_save: "Tải biên nhận", "Save the receipt";

    deliver_title: "Nhận tệp chuyển hộ", "Deliver a file";
    deliver_why: "Nhận tệp của người khác. Máy này giữ tệp và tự đưa lên máy chủ khi có mạng.", "Take somebody else's file. This phone keeps it, and brings it to the server by itself once there is a network.";
    deliver_keeping: "Đang giữ tệp…", "Keeping the file…";
    deliver_waits: "Đang chờ mạng để đưa lên máy chủ", "Waiting for a network to bring it to the server";
    deliver_now: "Đang đưa lên máy chủ…", "Being brought to the server…";
    deliver_nothing_new: "Máy chủ đã có sẵn tất cả", "The server had all of it already";
    deliver_forget: "Bỏ khỏi danh sách", "Take off the list";
    deliver_unproven: "Máy chủ không biết máy đã tạo tệp, nên người điều phối sẽ xem lại.", "The server does not know the phone that made it, so the coordinator will look at it.";
    not_a_bundle: "Đây không phải tệp chuyển của Sổ tay.", "This is not a file of Sotay's.";
    bundle_cut: "Tệp bị thiếu một phần. Xin người gửi gửi lại tệp.", "A part of the file is missing. Ask for it once more.";
    bundle_newer: "Tệp do bản ứng dụng mới hơn tạo ra. Cập nhật ứng dụng rồi thử lại.", "The file was made by a newer app. Update the app and try again.";

    rescue_title: "Tệp cứu hộ", "Rescue file";
    rescue_why: "Máy sắp hỏng, sắp hết pin hay phải xóa? Tạo tệp cứu hộ: mọi hồ sơ chưa gửi, kể cả phiếu đang làm và ảnh. Đưa tệp ra khỏi máy này và chép mã ra giấy; với hai thứ đó, bạn tự làm tiếp trên máy khác, không cần mạng.", "Is the phone failing, or to be wiped? Make a rescue file: all unsent work, with drafts and photos. Get the file off this phone and write the code on paper; with these two you go on by yourself on another phone, without a network.";
    rescue_make: "Tạo tệp cứu hộ", "Make a rescue file";
    rescue_code: "Mã mở tệp", "The file's code";
    rescue_write_down: "Chép mã này ra giấy, đừng gửi chung với tệp. Ai có cả tệp lẫn mã sẽ đọc được.", "Write the code on paper, and do not send it along with the file. Whoever has both can read it.";
    rescue_code_last: "Mã của tệp cứu hộ tạo gần đây nhất", "The code of the last rescue file";
    rescue_code_written: "Đã chép mã ra giấy", "It is written down";
    rescue_parts_why: "Ảnh và tệp trong đó chưa có trên máy này. Giữ các tệp ấy cho tới khi mở xong.", "Photos and files in there are not on this phone yet. Keep them until they are opened.";
    rescue_parts_gone: "Không còn các tệp ấy", "Those files are gone";
    restore_title: "Làm tiếp từ tệp cứu hộ", "Go on from a rescue file";
    restore_why: "Chọn tệp cứu hộ của máy cũ và nhập mã đã chép.", "Choose the old phone's rescue file and enter the code that was written down.";
    restore_button: "Làm tiếp trên máy này", "Go on on this phone";
    restoring: "Đang mở tệp…", "Opening the file…";
    restore_pick_first: "Chọn tệp và nhập mã.", "Choose the file and enter the code.";
    restore_wrong_code: "Mã không đúng, hoặc tệp bị hỏng. Kiểm tra từng chữ của mã; vẫn không được thì chép lại tệp từ nơi đã giữ.", "The code is wrong, or the file is damaged. Check each letter of the code; if it still fails, copy the file once more from where it was kept.";
    restore_no_rescue: "Tệp này chỉ máy chủ mở được. Dùng mục “Nhận tệp chuyển hộ”.", "Only the server opens this file. Use “Deliver a file”.";
    restore_same_phone: "Tệp này được tạo trên chính máy này: mọi thứ vẫn còn ở đây.", "This file was made on this very phone: all of it is still here.";
    restore_failed: "Không mở được tệp. Thử lại.", "The file could not be opened. Try again.";
}

impl Language {
    /// What a file that was made holds.
    #[must_use]
    pub fn bundle_made(self, records: usize, files: usize) -> String {
        let what = self.records_and_files(records, files);
        match self {
            Self::Vi => format!("Đã tạo tệp có {what}"),
            Self::En => format!("The file is made, with {what}"),
        }
    }

    /// What of a file that was made is in several.
    #[must_use]
    pub fn bundle_parts(self, count: usize) -> String {
        let count = self.count(count);
        match self {
            Self::Vi => format!(
                "Một tệp không chứa hết, nên có {count} tệp. Đem đi đủ cả {count}, mở lần lượt từ tệp đầu."
            ),
            Self::En => format!(
                "One file does not hold it all, so there are {count}. Hand on all {count}, and open them in this order."
            ),
        }
    }

    /// Photos and other files that a file which was made lacks.
    #[must_use]
    pub fn bundle_left_out(self, files: usize) -> String {
        let what = self.file_count(files);
        match self {
            Self::Vi => format!("Không đọc được {what} trên máy này, nên tệp không có phần đó."),
            Self::En => format!("This phone cannot read {what} any more: that is not in the file."),
        }
    }

    /// Photos and other files for which there was no room to make one more file.
    #[must_use]
    pub fn bundle_without_room(self, files: usize) -> String {
        let what = self.file_count(files);
        match self {
            Self::Vi => format!(
                "Máy không đủ chỗ nên chưa tạo được hết: còn {what} không có trong tệp nào, vẫn nằm trên máy này."
            ),
            Self::En => format!(
                "The phone has no room for all of it: these leave out {what}, still on this phone."
            ),
        }
    }

    /// Which are missing of several rescue files that were made together.
    #[must_use]
    pub fn rescue_parts_missing(self, of: u32, missing: &[u32]) -> String {
        let places: Vec<String> = missing.iter().map(u32::to_string).collect();
        let places = places.join(", ");
        match self {
            Self::Vi => format!("Tệp cứu hộ gồm {of} tệp, còn thiếu tệp thứ {places}"),
            Self::En => format!("The rescue file is in {of} files; still to open: number {places}"),
        }
    }

    /// Files of others that wait on this phone.
    #[must_use]
    pub fn bundles_waiting(self, count: usize) -> String {
        let count_text = self.count(count);
        match self {
            Self::Vi => format!("{count_text} tệp chuyển hộ đang chờ trên máy này."),
            Self::En if count == 1 => "1 file of somebody else's waits on this phone.".to_owned(),
            Self::En => format!("{count_text} files of others wait on this phone."),
        }
    }

    /// When a bundle was made.
    #[must_use]
    pub fn bundle_made_at(self, moment: &str) -> String {
        match self {
            Self::Vi => format!("tạo lúc {moment}"),
            Self::En => format!("made {moment}"),
        }
    }

    /// What the server took.
    #[must_use]
    pub fn bundle_taken(self, account: &str, moment: &str) -> String {
        match self {
            Self::Vi => format!("Máy chủ đã nhận hồ sơ của {account}, lúc {moment}"),
            Self::En => format!("The server has taken the work of {account}, {moment}"),
        }
    }

    /// What a receipt says that the server has.
    #[must_use]
    pub fn receipt_taken(self, moment: &str, changes: usize, files: usize) -> String {
        let what = self.bundle_new(changes, files);
        match self {
            Self::Vi => format!("Đã nhận lúc {moment}: {what}"),
            Self::En => format!("Received {moment}: {what}"),
        }
    }

    /// How many changes and files were new to the server.
    #[must_use]
    pub fn bundle_new(self, changes: usize, files: usize) -> String {
        let count = self.count(changes);
        let changes = match self {
            Self::Vi => format!("{count} thay đổi"),
            Self::En if changes == 1 => "1 change".to_owned(),
            Self::En => format!("{count} changes"),
        };
        if files == 0 { changes } else { format!("{changes}, {}", self.file_count(files)) }
    }

    /// How many changes wait for the coordinator.
    #[must_use]
    pub fn bundle_quarantined(self, changes: usize) -> String {
        let count = self.count(changes);
        match self {
            Self::Vi => format!("{count} thay đổi chờ người điều phối xem"),
            Self::En => format!("{count} of them for the coordinator to look at"),
        }
    }

    /// How many files were damaged.
    #[must_use]
    pub fn bundle_damaged(self, files: usize) -> String {
        let files = self.file_count(files);
        match self {
            Self::Vi => format!("{files} bị hỏng từ trước khi đóng tệp"),
            Self::En => format!("{files} damaged before the bundle was made"),
        }
    }

    /// Files in a bundle that came before what they belong to.
    #[must_use]
    pub fn bundle_unwanted(self, files: usize) -> String {
        let files = self.file_count(files);
        match self {
            Self::Vi => format!(
                "Chưa nhận {files} vì câu trả lời kèm theo chưa tới máy chủ: chuyển tệp đầu trước, rồi bỏ tệp này khỏi danh sách và mở lại"
            ),
            Self::En => format!(
                "{files} not taken, as the answers are not there yet: bring the first file, then take this one off the list and open it again"
            ),
        }
    }

    /// Why the server will not take a bundle, by its code.
    #[must_use]
    pub fn bundle_refused(self, code: &str) -> String {
        let (vi, en) = match code {
            "altered" | "cut_short" | "bundle_mismatch" => (
                "Máy chủ không nhận: tệp không còn nguyên vẹn. Xin máy đã tạo tệp tạo lại và gửi lại.",
                "Refused: the file is no longer whole. Ask for another one from the phone that made it.",
            ),
            "unknown_key" => (
                "Máy chủ chưa mở được tệp: thiếu khóa. Báo người quản trị; máy này giữ tệp và thử lại.",
                "The server cannot open it yet: a key is missing. Tell the administrator; this phone keeps the file and tries again.",
            ),
            "not_for_server" => (
                "Máy chủ không mở được: tệp cứu hộ chỉ mở bằng mã, ở mục “Làm tiếp từ tệp cứu hộ”.",
                "The server cannot open it: a rescue file opens with its code alone, under “Go on from a rescue file”.",
            ),
            "wrong_device" => (
                "Máy chủ không nhận: tệp không khớp với tài khoản của máy đã tạo. Báo người điều phối; dữ liệu vẫn còn trên máy đó.",
                "Refused: the file does not fit the account of the phone that made it. Tell the coordinator; all of it is still on that phone.",
            ),
            "newer_version" => (
                "Máy chủ dùng bản cũ hơn ứng dụng đã tạo tệp. Báo người quản trị cập nhật máy chủ, rồi mở lại tệp.",
                "The server is older than the app that made the file. Have the administrator update it, then open the file again.",
            ),
            "too_large" => (
                "Tệp quá lớn, máy chủ không nhận. Xin người gửi tạo lại.",
                "The file is too large for the server. Ask the sender to make it again.",
            ),
            "no_bundle" => return self.not_a_bundle().to_owned(),
            other => {
                return match self {
                    Self::Vi => format!(
                        "Máy chủ không nhận tệp này. Báo người điều phối mã lỗi {other}; dữ liệu vẫn còn trên máy đã tạo."
                    ),
                    Self::En => format!(
                        "The server does not take this file. Tell the coordinator the error code {other}; all of it is still on the phone that made it."
                    ),
                };
            }
        };
        match self {
            Self::Vi => vi,
            Self::En => en,
        }
        .to_owned()
    }

    /// The rescue file is of somebody else than who is in.
    #[must_use]
    pub fn restore_other_person(self, account: &str) -> String {
        match self {
            Self::Vi => format!(
                "Tệp này của {account}. Người khác đang dùng máy này: vào Khác, chọn “{}” rồi thử lại.",
                self.change_person()
            ),
            Self::En => format!(
                "This file is of {account}, and somebody else is using this phone: choose “{}” under More, then try again.",
                self.change_person()
            ),
        }
    }

    /// The rescue file is of somebody whose PIN was not entered.
    #[must_use]
    pub fn restore_locked(self, account: &str) -> String {
        match self {
            Self::Vi => format!("{account} đã đặt mã PIN trên máy này: mở khóa trước rồi thử lại."),
            Self::En => {
                format!("{account} has a PIN on this phone: unlock it first, then try again.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_a_file_was_refused_is_told_in_words() {
        let codes = [
            "altered",
            "cut_short",
            "bundle_mismatch",
            "unknown_key",
            "not_for_server",
            "wrong_device",
            "newer_version",
            "too_large",
            "no_bundle",
        ];
        for code in codes {
            for language in Language::ALL {
                let told = language.bundle_refused(code);
                assert!(!told.contains(code) && !told.contains('_'), "{told}");
            }
        }
        assert!(Language::Vi.bundle_refused("of_later").contains("mã lỗi of_later"));
    }
}
