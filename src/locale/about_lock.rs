//! Words of locking: PINs, and several people on one phone.

use super::{Language, words};

words! {
    people_here: "Người dùng máy này", "People on this phone";
    somebody_else: "Người khác", "Somebody else";
    change_person: "Đổi người dùng", "Change person";

    lock: "Khóa ứng dụng", "Lock";
    lock_now: "Khóa ngay", "Lock now";
    locked_after: "Tự khóa khi không ai chạm vào", "Locks itself when nobody touches it for";
    no_pin_yet: "Chưa đặt mã PIN: ai cầm máy này đang mở đều xem được dữ liệu của bạn.", "No PIN is set: whoever holds this phone unlocked can see your data.";
    has_pin: "Dữ liệu của bạn trên máy này chỉ mở được bằng mã PIN.", "Your data on this phone opens only with the PIN.";
    pin_forgotten: "Quên mã PIN thì không ai mở lại được phần chưa gửi. Hãy nhớ kỹ.", "If you forget the PIN, nobody can open what was not sent. Remember it well.";
    pin_wanted: "Cơ quan quản lý khuyên máy nào cũng có mã PIN.", "The authority in charge wants every phone to have a PIN.";
    pin_required: "Cơ quan quản lý yêu cầu máy nào cũng có mã PIN.", "The authority in charge requires a PIN on every phone.";
    set_pin: "Đặt mã PIN", "Set a PIN";
    change_pin: "Đổi mã PIN", "Change the PIN";
    remove_pin: "Bỏ mã PIN", "Remove the PIN";
    pin_is_set: "Đã đặt mã PIN.", "The PIN is set.";
    pin_is_removed: "Đã bỏ mã PIN.", "The PIN is removed.";

    enter_pin: "Nhập mã PIN", "Enter your PIN";
    enter_old_pin: "Nhập mã PIN đang dùng", "Enter the PIN in use";
    enter_new_pin: "Nhập mã PIN mới, 6 chữ số", "Enter a new PIN of 6 digits";
    repeat_pin: "Nhập lại mã PIN mới", "Enter the new PIN again";
    delete_digit: "Xóa một số", "Delete a digit";
    wrong_pin: "Mã PIN không đúng.", "Wrong PIN.";
    pins_differ: "Hai lần nhập không giống nhau. Nhập lại từ đầu.", "The two differ. Begin again.";
    pin_guessed: "Mã này quá dễ đoán. Chọn mã khác.", "This one is easily guessed. Choose another.";
    pin_digits: "Mã PIN gồm 6 chữ số.", "A PIN has 6 digits.";
    pin_no_key: "Máy không đủ bộ nhớ để mở khóa. Đóng bớt ứng dụng rồi thử lại.", "The phone has too little memory to unlock. Close other apps and try again.";
    pins_used_up_kept: "Mã PIN sai quá số lần. Máy này còn phần chưa gửi đi được, nên không xóa gì. Mã PIN đúng vẫn mở được.", "Too many wrong PINs. Something on this phone cannot be sent yet, so nothing is removed. The right PIN still opens it.";
    pins_used_up_unsent: "Mã PIN sai quá số lần. Khi có mạng, phần chưa gửi sẽ lên máy chủ, rồi dữ liệu bị xóa khỏi máy này. Mã PIN đúng vẫn giữ lại được.", "Too many wrong PINs. When there is a network, what is unsent goes to the server, and then the data is removed from this phone. The right PIN still keeps it.";
    wiped: "Đã xóa dữ liệu khỏi máy này", "The data was removed from this phone";
    wiped_why: "Mã PIN bị nhập sai quá số lần. Mọi phần đã lưu đều có trên máy chủ: đăng nhập lại để làm tiếp.", "Too many wrong PINs were entered. All that was stored is at the server: sign in again to go on.";
    is_lost: "Máy này đã được báo mất. Phần chưa gửi vẫn ở trên máy và được giữ kín. Đây là máy của bạn và đã tìm lại được? Mở bằng mã PIN hoặc đăng nhập lại để gửi tiếp.", "This phone was reported lost. What was not sent stays on it, and closed. Is it yours, and found again? Open it with your PIN, or sign in, to go on sending.";
    wiped_lost: "Máy này đã được báo mất. Mọi phần đã lưu đều có trên máy chủ: đăng nhập lại để làm tiếp.", "This phone was reported lost. All that was stored is at the server: sign in again to go on.";
    wiped_aside: "Mọi dữ liệu cũ của bạn đều có trên máy chủ: đăng nhập lại để làm tiếp.", "All your former data is at the server: sign in again to go on.";
    forgot_pin: "Quên mã PIN?", "Forgot the PIN?";
    forgot_pin_closed: "Không có mã PIN thì không ai mở được dữ liệu này, kể cả người điều phối.", "Without the PIN nobody can open your data here, not even your coordinator.";
    forgot_pin_anew: "Khi có mạng, đăng nhập lại để bắt đầu lại trên máy này: phần đã gửi sẽ tải về. Phần chưa gửi vẫn được giữ kín trên máy; nếu nhớ ra mã PIN, chọn “dữ liệu cũ” ở màn hình đăng nhập.", "With a network, sign in again to begin anew on this phone: what was sent comes back. What was not sent stays closed on it; should the PIN come back to you, choose “former data” on the sign-in screen.";
    forgot_pin_keep: "Đừng xóa dữ liệu trình duyệt: phần chưa gửi của mọi người dùng máy này sẽ mất.", "Do not clear the browser's data: what anybody on this phone has not sent would be lost.";
    former_data: "dữ liệu cũ", "former data";
    data_aside: "Dữ liệu cũ của bạn: phần chưa gửi vẫn ở đây và được giữ kín. Mã PIN cũ vẫn mở được.", "Your former data: what was not sent is still here, and closed. Its old PIN opens it.";
    not_locked: "Chưa khóa, vì có phần chưa lưu được.", "Not locked, because something could not be stored.";
}

impl Language {
    /// So many minutes.
    #[must_use]
    pub fn minutes(self, count: u32) -> String {
        match self {
            Self::Vi => format!("{count} phút"),
            Self::En if count == 1 => "1 minute".to_owned(),
            Self::En => format!("{count} minutes"),
        }
    }

    /// So many digits of a PIN are entered.
    #[must_use]
    pub fn digits_entered(self, count: usize) -> String {
        match self {
            Self::Vi => format!("Đã nhập {count} số"),
            Self::En if count == 1 => "1 digit entered".to_owned(),
            Self::En => format!("{count} digits entered"),
        }
    }

    /// So many more wrong PINs empty the phone.
    #[must_use]
    pub fn pins_left(self, count: u32) -> String {
        match self {
            Self::Vi => format!("Sai {count} lần nữa thì dữ liệu của bạn bị xóa khỏi máy này, sau khi phần chưa gửi đã lên máy chủ."),
            Self::En if count == 1 => "One more wrong PIN, and your data is removed from this phone, once what is unsent is at the server.".to_owned(),
            Self::En => format!("{count} more wrong PINs, and your data is removed from this phone, once what is unsent is at the server."),
        }
    }

    /// The next PIN can be tried after so many seconds.
    #[must_use]
    pub fn wait_for_pin(self, seconds: i64) -> String {
        let (minutes, rest) = (seconds / 60, seconds % 60);
        match (self, minutes) {
            (Self::Vi, 0) => format!("Sai nhiều lần. Thử lại sau {rest} giây."),
            (Self::Vi, _) => format!("Sai nhiều lần. Thử lại sau {minutes} phút {rest} giây."),
            (Self::En, 0) => format!("Too many wrong ones. Try again in {rest} s."),
            (Self::En, _) => format!("Too many wrong ones. Try again in {minutes} min {rest} s."),
        }
    }
}
