//! Words for what went wrong on the phone: storage, the app itself, files, forms.

use super::{Language, words};

words! {
    storage_problem: "Máy này chưa lưu được dữ liệu", "This phone cannot keep data";
    storage_refused: "Trình duyệt không cho lưu dữ liệu: có thể đang ở chế độ riêng tư, hoặc dữ liệu của trang bị chặn. Mở ứng dụng trong cửa sổ thường, rồi thử lại. Đừng nhập gì trước khi lỗi này hết.", "The browser does not let the app keep data: it may be a private window, or the site's data is blocked. Open the app in a normal window and try again. Do not enter anything before this is gone.";
    storage_full: "Máy đã đầy. Xóa bớt ảnh, video hoặc ứng dụng khác rồi thử lại. Những gì đã lưu vẫn còn.", "The phone is full. Delete some photos, videos or other apps and try again. What was saved is still here.";
    storage_blocked: "Ứng dụng đang mở ở một cửa sổ khác với bản cũ. Đóng các cửa sổ khác rồi thử lại.", "The app is open in another window with an older version. Close the other windows and try again.";
    storage_insecure: "Trang này không được mở qua địa chỉ an toàn (https), nên không giữ kín dữ liệu được. Mở lại bằng địa chỉ https.", "This page was not opened by a safe address (https), so it cannot keep data secret. Open it again by https.";
    storage_damaged: "Dữ liệu trên máy bị hỏng hoặc bị sửa từ bên ngoài ứng dụng. Đừng xóa ứng dụng; báo cho người điều phối.", "The data on this phone is damaged or was changed from outside of the app. Do not remove the app; tell the coordinator.";
    storage_newer: "Dữ liệu trên máy do bản mới hơn của ứng dụng ghi. Kết nối mạng rồi mở lại để lấy bản mới.", "The data on this phone was written by a newer version of the app. Connect and reopen to get it.";
    storage_gone: "Dữ liệu của bạn đã được gỡ khỏi máy này ở một cửa sổ khác. Không còn gì được lưu ở đây: đóng cửa sổ này, hoặc mở lại ứng dụng.", "Your data was removed from this phone in another window. Nothing is saved here any more: close this window, or open the app again.";
    storage_failed: "Bộ nhớ của trình duyệt bị lỗi. Khởi động lại máy rồi thử lại. Đừng xóa dữ liệu trình duyệt: hồ sơ chưa gửi nằm trong đó.", "The browser's storage failed. Restart the phone and try again. Do not clear the browser's data: unsent records are in it.";
    server_failed: "Máy chủ chưa làm được. Thử lại sau.", "The server could not do it. Try again later.";
    try_again: "Thử lại", "Try again";
    technical: "Chi tiết kỹ thuật", "Technical details";
    form_not_fetched: "Mẫu phiếu chưa có trên máy. Kết nối mạng rồi mở lại.", "The form is not on this phone yet. Connect and open it again.";
    form_broken: "Mẫu phiếu này có lỗi nên không mở được. Báo cho người điều phối.", "This form has a mistake and cannot be opened. Tell the coordinator.";
    could_not_delete: "Chưa xóa được", "Could not be deleted";
    could_not_submit: "Chưa nộp được: máy không lưu được. Câu trả lời vẫn còn trên màn hình.", "Not submitted: the phone could not save. The answers are still on screen.";
}

impl Language {
    /// Saving failed, and what the person must know.
    #[must_use]
    pub fn not_saved_because(self, reason: &str) -> String {
        format!("{}. {reason}", self.not_saved())
    }
}
