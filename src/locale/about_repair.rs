//! Words of the repair desk: work that the server keeps and could not apply.

use super::{Language, words};

words! {
    repair: "Xử lý", "Repair";
    repair_title: "Việc cần xử lý", "Work to repair";
    repair_why: "Máy chủ giữ nguyên vẹn dữ liệu này nhưng chưa ghi vào hồ sơ. Xem rồi ghi vào hồ sơ, hoặc không ghi và nói lý do cho người gửi.", "The server keeps this work whole, but has not put it into its record. Look at it, then put it into its record, or set it aside and tell the sender why.";
    nothing_to_repair: "Không có việc nào chờ xử lý.", "Nothing waits for repair.";
    nothing_settled: "Chưa có việc nào đã xử lý.", "Nothing was settled yet.";
    settled_cases: "Xem việc đã xử lý", "See what was settled";
    repair_needs_network: "Danh sách ở trên máy chủ: cần mạng để xem và xử lý.", "The list is on the server: a network is needed to see and settle it.";
    repair_not_allowed: "Tài khoản này không được xử lý việc này.", "This account may not settle this.";
    settled_by_other: "Người khác đã xử lý việc này.", "Somebody else has settled this.";
    cannot_apply_now: "Chưa ghi được", "It cannot be put in yet";
    apply_case: "Ghi vào hồ sơ", "Put into its record";
    case_applied: "Đã ghi vào hồ sơ", "Put into its record";
    set_aside: "Không ghi vào hồ sơ", "Set aside";
    case_set_aside: "Đã lưu lại, không ghi vào hồ sơ", "Set aside";
    say_why_aside: "Hãy ghi lý do: người gửi cần biết.", "Give a reason: the sender needs to know.";
    why_set_aside: "Lý do, người gửi sẽ đọc trên máy của họ", "The reason, which the sender reads on their phone";
    unreadable_work: "Dữ liệu không đọc được", "Unreadable work";
    from_device: "Máy", "Device";
    see_record: "Xem hồ sơ", "See the record";
    waits_for_repair: "Chờ xử lý", "For repair";
    met_entities: "Hai người cùng sửa một mục", "Two people changed the same entry";
    met_entities_why: "Những mục này được hai người sửa mà không thấy bản sửa của nhau. Xem từng bản rồi xác nhận mục như hiện tại; nếu cần sửa, gửi phiếu cập nhật mục đó.", "Two people changed these without seeing each other's change. Look at each version, then say that it stands well; to change it, send a form that updates it.";
    hard_conflict: "Cùng một chi tiết được sửa hai lần", "The same was changed twice";
    soft_conflict: "Hai người sửa hai chi tiết khác nhau", "Two people changed different things";
    stands_now: "Hiện tại", "As it stands";
    entity_label: "Tên", "Name";
    leave_as_it_stands: "Đã xem, giữ như hiện tại", "Looked at, leave as it stands";
    entity_settled: "Đã xác nhận", "Settled";
    entity_changed: "Mục này vừa được sửa thêm. Xem lại.", "This entry was changed meanwhile. Look again.";
    waiting_changes: "Thay đổi chưa vào danh sách", "Changes that are not in their list yet";
    waiting_changes_why: "Các phiếu này đã nộp nhưng sửa một mục chưa có trong danh sách, hoặc mục mà người nhập không được xem. Thay đổi tự vào danh sách khi phiếu đăng ký mục đó đến; nếu vì quyền, cấp quyền cho người nhập rồi nhờ họ sửa lại phiếu.", "These records were submitted, but change something that is not in the list yet, or that their author may not see. The change goes into the list by itself when the record that registers it comes; if it is for a right, give it to the author and have them amend the record.";
    set_aside_by_desk: "Người điều phối không ghi vào hồ sơ, chỉ lưu lại", "Set aside by the coordinator, not put into the record";
}

impl Language {
    /// Which version of an entity somebody made, and which one they saw.
    #[must_use]
    pub fn entity_version(self, version: u64, base: u64) -> String {
        match (self, base) {
            (Self::Vi, 0) => format!("Bản {version}"),
            (Self::Vi, _) => format!("Bản {version}, sửa từ bản {base}"),
            (Self::En, 0) => format!("Version {version}"),
            (Self::En, _) => format!("Version {version}, made from {base}"),
        }
    }

    /// Why the server could not apply an act, by the protocol's code.
    #[must_use]
    pub fn repair_reason(self, code: &str) -> &'static str {
        let (vi, en) = match code {
            "unknown_form" => (
                "máy chủ không có mẫu phiếu của bản này",
                "the server does not have this version of the form",
            ),
            "unknown_unit" => ("máy chủ không có đơn vị này", "the server does not know this unit"),
            "out_of_scope" => (
                "người nhập không có quyền này ở đơn vị này",
                "its author may not do that in this unit",
            ),
            "not_allowed" => (
                "chỉ người điều phối được duyệt, trả lại, hoặc sửa hồ sơ đã duyệt",
                "only a coordinator approves, sends back, or changes what is approved",
            ),
            "not_your_unit" => {
                ("dữ liệu này thuộc đơn vị khác", "it belongs to a unit that is not yours")
            }
            "revoked" => {
                ("tài khoản của người nhập đã bị khóa", "its author's account was disabled")
            }
            "unreadable" => ("dữ liệu không đọc được", "the data cannot be read"),
            "fork" => (
                "hai máy dùng chung một bản sao; máy sẽ tự gửi lại",
                "two phones are copies of each other; the phone sends it again by itself",
            ),
            "too_large" => ("dữ liệu quá lớn", "the data is too large"),
            "other_author" => {
                ("gửi bằng tài khoản của người khác", "it was sent by the account of somebody else")
            }
            _ => ("lý do khác", "another reason"),
        };
        match self {
            Self::Vi => vi,
            Self::En => en,
        }
    }
}
