//! Words of records: the list, one record, its life and history, and counts of them.

use super::{Language, words};

words! {
    search_records: "Tìm trong hồ sơ", "Search records";
    any_form: "Mọi mẫu phiếu", "Any form";
    any_unit: "Mọi đơn vị", "Any unit";
    any_state: "Mọi trạng thái", "Any state";
    begun: "Thời gian", "Time";
    any_time: "Mọi kỳ", "Any period";
    this_month: "Tháng này", "This month";
    last_month: "Tháng trước", "Last month";
    first_half: "6 tháng đầu năm", "First half of the year";
    this_year: "Năm nay", "This year";
    last_year: "Năm trước", "Last year";
    other_days: "Từ ngày … đến ngày …", "From … to …";
    begun_then: "Theo ngày bắt đầu nhập hồ sơ.", "By the day on which a record was begun.";
    show_these: "Xem", "Show";
    mine_only: "Tôi nhập", "Filled by me";
    order: "Thứ tự", "Order";
    newest_first: "Mới sửa trước", "Last changed first";
    oldest_first: "Lâu chưa sửa trước", "Longest unchanged first";
    by_title: "Theo tên, A–Y", "By title, A–Z";
    filters: "Bộ lọc", "Filters";
    clear_filters: "Bỏ lọc", "Clear filters";
    no_record_found: "Không có hồ sơ nào khớp.", "No record matches.";
    no_records_yet: "Chưa có hồ sơ nào trên máy này.", "No records on this device yet.";
    export_xlsx: "Tải Excel", "Export Excel";
    export_is_of_sent: "Excel chỉ có hồ sơ đã gửi", "Excel has sent records only";
    export_needs_sign_in: "Đăng nhập lại để tải Excel", "Sign in again to export to Excel";
    not_exported: "Máy chủ chưa tạo được tệp Excel. Hãy thử lại.", "The server could not make the Excel file. Try again.";
    export_which: "Tải Excel của mẫu phiếu nào?", "Which form to export?";
    export_by_form: "Mỗi mẫu phiếu một tệp, gồm các hồ sơ đang hiện trong danh sách.", "One file for each form, of the records that the list shows.";
    choose_record: "Chọn một hồ sơ bên trái để xem.", "Choose a record on the left to see it.";
    not_sent: "Chưa gửi", "Not sent";
    in_conflict: "Cần quyết định", "To decide";

    state: "Trạng thái", "State";
    state_draft: "Làm dở", "Draft";
    state_submitted: "Đã nộp", "Submitted";
    state_returned: "Bị trả lại", "Returned";
    state_approved: "Đã duyệt", "Approved";
    state_withdrawn: "Đã rút", "Withdrawn";

    continue_filling: "Làm tiếp", "Continue";
    amend: "Sửa, bổ sung", "Amend";
    next_session: "Buổi tiếp theo", "Next session";
    delete_record: "Xóa hồ sơ", "Delete record";
    withdraw_record: "Rút hồ sơ", "Withdraw record";
    withdrawn_why: "Hồ sơ đã rút, không tính vào báo cáo. Cần lại thì sửa rồi nộp lại.", "The record is withdrawn and counts in no report. If it is needed after all, amend and submit it again.";
    record_deleted: "Đã xóa hồ sơ", "Record deleted";
    restore_record: "Khôi phục hồ sơ", "Restore record";
    could_not_restore: "Chưa khôi phục được", "Could not be restored";
    record_not_here: "Hồ sơ này không có trên máy", "This record is not on this phone";
    record_not_here_why: "Có thể hồ sơ thuộc đơn vị khác, hoặc chưa được tải về.", "It may belong to another unit, or has not been fetched yet.";
    form_of_record_missing: "Mẫu phiếu của hồ sơ này chưa có trên máy, nên câu hỏi hiện bằng mã.", "The form of this record is not on this phone, so questions appear by code.";
    unit: "Đơn vị", "Unit";
    author: "Người nhập", "Filled by";
    form: "Mẫu phiếu", "Form";
    begun_at: "Bắt đầu nhập", "Begun";
    changed: "Sửa lần cuối", "Last changed";
    no_answers: "Chưa có câu trả lời nào.", "No answers yet.";
    left_empty: "(bỏ trống)", "(left empty)";
    to_choose: "Cần chọn câu trả lời", "Answers to choose from";
    choosing_is_for: "Người điều phối chọn; máy của mọi người thấy câu được chọn ở lần cập nhật sau.", "The coordinator chooses; everybody's device shows the choice after it next receives.";
    chosen_answer: "Đã chọn. Mọi máy thấy ở lần cập nhật sau.", "Chosen. Every device shows it after it next receives.";
    not_chosen: "Chưa ghi được lựa chọn. Thử lại.", "The choice could not be kept. Try again.";
    who_needs_network: "Cần mạng để biết ai trả lời và lúc nào.", "A network is needed to tell who answered, and when.";
    answered_here: "Trên máy này, chưa gửi", "On this device, not sent";
    whole_record: "Cả hồ sơ", "The whole record";
    keep_record: "Giữ hồ sơ", "Keep the record";
    row_goes: "Bỏ mục này", "Remove the entry";
    choose_file_this: "Chọn tệp này", "Choose this file";
    both_stand: "Hai người trả lời khác nhau. Cả hai được giữ cho đến khi có người chọn.", "Two people answered differently. Both are kept until somebody decides.";
    to_look_at: "Nên xem lại", "Worth a look";
    changed_side_by_side: "Hai người sửa cùng một phần mà không thấy phần sửa của nhau. Cả hai phần sửa đều được ghi; xem có khớp nhau không.", "Two people changed the same part without seeing each other's change. Both changes stand: see whether they fit together.";
    looked_at: "Đã xem", "Looked at";
    results_met: "Hai máy tính ra kết quả khác nhau. Kết quả được tính lại từ các câu trả lời khi có người nộp lại phiếu, hoặc khi người điều phối cho tính lại ở đây.", "Two devices worked out different results. They are worked out again from the answers when somebody submits the form again, or when the coordinator has it done here.";
    results_need_lists: "Hai máy tính ra kết quả khác nhau. Kết quả được tính lại từ các câu trả lời khi có người nộp lại phiếu trên máy có đủ danh sách của phiếu.", "Two devices worked out different results. They are worked out again from the answers when somebody submits the form again on a device that holds the form's lists.";
    work_out_again: "Tính lại từ các câu trả lời", "Work out again from the answers";
    worked_out_again: "Đã tính lại. Mọi máy thấy ở lần cập nhật sau.", "Worked out again. Every device shows it after it next receives.";
    choosing_needs_form: "Cần có mẫu phiếu trên máy để chọn. Nối mạng một lúc rồi mở lại hồ sơ.", "The form has to be on this device to choose. Connect for a while and open the record again.";

    history: "Lịch sử", "History";
    show_history: "Xem lịch sử", "Show history";
    history_needs_network: "Lịch sử ở trên máy chủ: cần mạng để xem.", "The history is on the server: a network is needed to see it.";
    history_empty: "Máy chủ chưa có hồ sơ này.", "The server does not have this record yet.";
    history_failed: "Chưa tải được lịch sử từ máy chủ. Thử lại sau.", "The server could not show the history. Try again later.";
    before_that: "Trước đó", "Before";
    received: "máy chủ nhận", "received";
    did_create: "tạo hồ sơ", "created the record";
    did_edit: "nhập tiếp", "edited";
    did_submit: "nộp", "submitted";
    did_amend: "sửa sau khi nộp", "amended";
    did_delete: "xóa", "deleted";
    did_undelete: "khôi phục", "restored";
    did_resolve: "chọn câu trả lời đúng", "settled a conflict";
    did_leave: "xem và giữ như hiện tại", "looked and left it as it stands";
    merged_with_other: "Gộp với phần sửa cùng lúc của người khác", "Merged with another person's change";
    met_other_answer: "Khác với câu trả lời của người khác", "Differs from another person's answer";
    did_approve: "duyệt", "approved";
    did_return: "trả lại", "sent it back";
    did_withdraw: "rút hồ sơ", "withdrew the record";
    did_take_back: "đưa hồ sơ về Đã nộp", "put the record back to submitted";
    did_something: "thay đổi", "changed something";
    approved_why: "Hồ sơ đã duyệt. Cần sửa thì nhờ người điều phối trả lại.", "The record is approved. If something must change, ask the coordinator to send it back.";

    by_form: "Theo mẫu phiếu", "By form";
    by_unit: "Theo đơn vị", "By unit";
    by_state: "Theo trạng thái", "By state";
    figures_of_this_phone: "Tính từ hồ sơ có trên máy này, kể cả chưa gửi. Theo mẫu phiếu và theo đơn vị chỉ đếm hồ sơ đã nộp, đã duyệt.", "Counted from the records on this phone, unsent ones included. By form and by unit only submitted and approved ones count.";
}

impl Language {
    /// What kind of file it is: by what it holds, else by the end of its name.
    #[must_use]
    pub fn file_kind(self, name: &str, media_type: &str) -> String {
        let (vi, en) = match media_type.split('/').next() {
            Some("audio") => ("Ghi âm", "Recording"),
            Some("video") => ("Video", "Video"),
            Some("image") => ("Ảnh", "Photo"),
            _ => {
                let end = name.rsplit_once('.').map(|(_, end)| end.to_uppercase());
                let end = end.filter(|end| (1..=5).contains(&end.chars().count()));
                return match (self, end) {
                    (Self::Vi, Some(end)) => format!("Tệp {end}"),
                    (Self::Vi, None) => "Tệp".to_owned(),
                    (Self::En, Some(end)) => format!("{end} file"),
                    (Self::En, None) => "File".to_owned(),
                };
            }
        };
        let kind = if self == Self::Vi { vi } else { en };
        kind.to_owned()
    }

    /// Whose records come to this device.
    #[must_use]
    pub fn only_these_units(self, units: &[String]) -> String {
        const NAMED: usize = 3;
        let (named, more) = units.split_at(units.len().min(NAMED));
        let (named, more) = (named.join(", "), more.len());
        match (self, more) {
            (Self::Vi, 0) => format!("Tài khoản này xem hồ sơ của: {named}."),
            (Self::Vi, _) => format!("Tài khoản này xem hồ sơ của: {named} và {more} đơn vị nữa."),
            (Self::En, 0) => format!("This account sees the records of: {named}."),
            (Self::En, 1) => {
                format!("This account sees the records of: {named} and 1 more unit.")
            }
            (Self::En, _) => {
                format!("This account sees the records of: {named} and {more} more units.")
            }
        }
    }

    /// From one day to another, either of which may be empty.
    #[must_use]
    pub fn days(self, from: &str, to: &str) -> String {
        match (self, from, to) {
            (Self::Vi, from, "") => format!("Từ {from}"),
            (Self::Vi, "", to) => format!("Đến {to}"),
            (Self::En, from, "") => format!("From {from}"),
            (Self::En, "", to) => format!("To {to}"),
            (_, from, to) => format!("{from} – {to}"),
        }
    }

    /// The units that have handed in nothing.
    #[must_use]
    pub fn units_without(self, units: &[String]) -> String {
        let (count, units) = (self.count(units.len()), units.join(", "));
        match self {
            Self::Vi => format!("Chưa có hồ sơ ({count}): {units}"),
            Self::En => format!("No records yet ({count}): {units}"),
        }
    }

    /// What a spreadsheet is called: of what it is, and on which day it was taken.
    #[must_use]
    pub fn spreadsheet_name(self, of: &str, day: &str) -> String {
        match self {
            Self::Vi => format!("{of} (tải {day})"),
            Self::En => format!("{of} (exported {day})"),
        }
    }

    /// That a spreadsheet lacks what this device has not sent.
    #[must_use]
    pub fn spreadsheet_lacks(self, records: usize) -> String {
        let records = self.record_count(records);
        match self {
            Self::Vi => {
                format!("Máy này còn {records} chưa gửi hết. Tệp chưa có những thay đổi đó.")
            }
            Self::En => {
                format!("This device has not sent all of {records}. The file lacks those changes.")
            }
        }
    }

    /// A count of records.
    #[must_use]
    pub fn record_count(self, count: usize) -> String {
        match self {
            Self::Vi => format!("{} hồ sơ", self.count(count)),
            Self::En if count == 1 => "1 record".to_owned(),
            Self::En => format!("{} records", self.count(count)),
        }
    }

    /// What was filled in the last time, and by whom.
    #[must_use]
    pub fn last_time(self, what: &str, person: &str) -> String {
        match self {
            Self::Vi => format!("Lần trước: {what}, {person}"),
            Self::En => format!("Last time: {what}, {person}"),
        }
    }

    /// The button that chooses an answer.
    #[must_use]
    pub fn choose_answer(self, answer: &str) -> String {
        match self {
            Self::Vi => format!("Chọn “{answer}”"),
            Self::En => format!("Choose “{answer}”"),
        }
    }

    /// That a row stays which somebody removed, with what another changed in it.
    #[must_use]
    pub fn row_stays_with(self, answers: &[String]) -> String {
        let answers = answers.join("; ");
        match (self, answers.is_empty()) {
            (Self::Vi, true) => "Giữ mục này; các ô khác của mục để trống".to_owned(),
            (Self::En, true) => "Keep the entry; its other answers are left empty".to_owned(),
            (Self::Vi, false) => {
                format!("Giữ mục này với {answers}; các ô khác của mục để trống")
            }
            (Self::En, false) => {
                format!("Keep the entry with {answers}; its other answers are left empty")
            }
        }
    }

    /// How many answers an act wrote.
    #[must_use]
    pub fn answer_count(self, count: usize) -> String {
        match self {
            Self::Vi => format!("{} câu trả lời", self.count(count)),
            Self::En if count == 1 => "1 answer".to_owned(),
            Self::En => format!("{} answers", self.count(count)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_told_by_its_kind_and_not_by_its_moment() {
        for (name, media_type, vi, en) in [
            ("1796083306014.pdf", "application/pdf", "Tệp PDF", "PDF file"),
            ("1796083306014.webm", "audio/webm", "Ghi âm", "Recording"),
            ("a.mp4", "video/mp4", "Video", "Video"),
            ("a.b.xin-chao", "", "Tệp", "File"),
            ("giay", "", "Tệp", "File"),
        ] {
            assert_eq!(Language::Vi.file_kind(name, media_type), vi, "{name}");
            assert_eq!(Language::En.file_kind(name, media_type), en, "{name}");
        }
    }
}
