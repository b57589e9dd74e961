//! Words of review: what a coordinator says of a record.

use super::{Language, words};

words! {
    waits_for_review: "Chờ duyệt", "Waiting for review";
    approve: "Duyệt", "Approve";
    approve_again: "Duyệt lại", "Approve again";
    send_back: "Trả lại", "Send back";
    sent_back: "Đã trả lại", "Sent back";
    taken_back: "Đã hoàn tác", "Undone";
    why_sent_back: "Cần sửa gì? Người nhập đọc lời này trên máy của họ.", "What is to be mended? Whoever filled it in reads this on their phone.";
    name_a_question: "Câu hỏi cần sửa", "A question to correct";
    choose_question: "Chọn câu hỏi", "Choose a question";
    add_question: "Ghi tên câu hỏi vào lời trên", "Add its name to the words above";
    say_why: "Ghi lý do rồi hãy trả lại.", "Say why, then send it back.";
    changed_unseen: "Có thay đổi mà người duyệt chưa thấy. Xem lại rồi duyệt, hoặc trả lại.", "Something changed that whoever approved had not seen. Look again, then approve or send back.";
    see_changes: "Xem thay đổi", "See the changes";
    not_judged: "Chưa ghi được. Thử lại.", "It could not be kept. Try again.";
}

impl Language {
    /// The way to the next record of the list, and how many there are.
    #[must_use]
    pub fn next_record(self, left: usize) -> String {
        match self {
            Self::Vi => format!("Hồ sơ tiếp theo · còn {}", self.count(left)),
            Self::En => format!("Next record · {} left", self.count(left)),
        }
    }
}
