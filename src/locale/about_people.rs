//! Words about people, their devices, and what was done.

use sync::audit::Action;

use super::{Language, words};

words! {
    people: "Người dùng", "People";
    people_title: "Người dùng và máy", "People and devices";
    devices: "Các máy", "Devices";
    audit_log: "Nhật ký", "Log";
    my_devices: "Máy đang đăng nhập của tôi", "Where I am signed in";
    people_need_network: "Danh sách ở trên máy chủ: cần mạng để xem.", "The list is on the server: a network is needed to see it.";
    people_not_allowed: "Tài khoản này không được làm việc này.", "This account may not do that.";
    account_taken: "Tên đăng nhập này đã có người dùng.", "Somebody signs in with this name already.";
    bad_account: "Tên đăng nhập chỉ gồm chữ không dấu, số, dấu chấm, gạch ngang, gạch dưới.", "A sign-in name has letters without accents, digits, dots, dashes and underscores only.";
    bad_name: "Nhập họ tên.", "Enter the person's name.";
    bad_unit: "Chọn đơn vị.", "Choose the unit.";
    person_disabled: "Tài khoản này đã bị khóa hoặc vừa được thay đổi. Mở lại danh sách để xem.", "This account is disabled or was changed just now. Open the list again to see.";
    own_account: "Không tự khóa được tài khoản của mình.", "Nobody disables themselves.";
    search_people: "Tìm người, đơn vị", "Search people and units";
    no_person_found: "Không có ai khớp.", "Nobody matches.";
    search_devices: "Tìm người, máy, đơn vị", "Search people, devices and units";
    no_device_found: "Không có máy nào khớp.", "No device matches.";
    cannot_sign_in: "Đã khóa", "Disabled";
    make_code: "Tạo mã đăng nhập", "Make a sign-in code";
    code_for: "Mã đăng nhập cho", "Sign-in code for";
    code_how: "Cho người này quét hình, gửi đường dẫn, hoặc đọc mã. Mã dùng được một lần, và không hiện lại.", "Let the person scan the picture, send the link, or read out the code. It works once, and is not shown again.";
    code_until: "Dùng được đến", "Good until";
    copy_link: "Sao chép đường dẫn", "Copy the link";
    copied: "Đã sao chép", "Copied";
    not_copied: "Trình duyệt không cho sao chép. Hãy chọn chữ dưới đây rồi sao chép.", "The browser does not let it be copied. Select the text below and copy it.";
    add_person: "Thêm người", "Add a person";
    full_name: "Họ và tên", "Full name";
    role: "Vai trò", "Role";
    disable_person: "Khóa tài khoản", "Disable the account";
    enable_person: "Mở lại tài khoản", "Enable the account";
    disable_why: "Người này không đăng nhập được nữa trên mọi máy. Dữ liệu chưa gửi vẫn nằm trên máy và vào mục chờ xử lý khi máy gửi lên.", "The person can no longer sign in on any device. Data that was not sent stays on the device, and waits for repair once the device sends it.";
    this_device: "Máy này", "This device";
    last_contact: "Liên lạc gần nhất", "Last contact";
    still_on_device: "Còn trên máy", "Still on the device";
    unsent_unknown: "chưa rõ", "not known";
    end_session: "Kết thúc phiên", "End the session";
    device_is_lost: "Máy bị mất: khi có mạng, máy tự khóa. Nếu cơ quan quản lý yêu cầu và máy có mã PIN, những gì máy chủ đã có bị xóa khỏi máy.", "The device is lost: it locks itself once it has a network. If the authority in charge requires it and there is a PIN, what the server has is removed from it.";
    end_session_title: "Kết thúc phiên đăng nhập?", "End this session?";
    end_session_why: "Máy này phải đăng nhập lại. Dữ liệu chưa gửi không mất: nó ở lại trên máy và được gửi khi đúng người đó đăng nhập lại.", "The device has to sign in again. Data that was not sent is not lost: it stays on the device, and is sent once the same person signs in again.";
    session_that_ended: "Phiên đã kết thúc", "Session ended";
    report_lost: "Báo mất máy", "Report it lost";
    session_is_over: "Đã kết thúc phiên", "The session is over";
    no_sessions: "Không có máy nào đang đăng nhập.", "Nobody is signed in.";
    no_deeds: "Nhật ký chưa có gì.", "The log is empty.";
    older: "Cũ hơn", "Older";
    the_operator: "Người vận hành máy chủ", "The server's operator";
    somebody: "Một người", "Somebody";
    not_used_yet: "Mã này chỉ dùng được một lần, và chưa được dùng", "This code is good once, and was not used yet";
    open_in_browser: "Trình duyệt bên trong Zalo, Messenger không giữ được ứng dụng lâu. Sao chép đường dẫn, rồi mở bằng Chrome (Android) hoặc Safari (iPhone).", "The browser inside Zalo or Messenger does not keep the app for long. Copy the link and open it in Chrome (Android) or Safari (iPhone).";
    open_by_icon: "Trên iPhone, ứng dụng mở từ biểu tượng phải đăng nhập riêng. Trong Safari, chạm nút Chia sẻ (ô vuông có mũi tên lên), kéo xuống và chọn “Thêm vào MH chính”. Mở ứng dụng từ biểu tượng, rồi gõ mã này.", "On an iPhone the app asks you to sign in again when it is opened from its icon. In Safari, tap Share (the square with an arrow), scroll down and choose “Add to Home Screen”. Open the app from its icon and type this code.";
    copy_code: "Sao chép mã", "Copy the code";
    sign_in_here: "Đăng nhập ngay ở đây", "Sign in here all the same";
    have_code: "Có mã hoặc đường dẫn của người điều phối?", "Have a code or a link from your coordinator?";
    sign_in_code: "Mã đăng nhập", "Sign-in code";
    sign_in_by_code: "Đăng nhập bằng mã", "Sign in with the code";
    fill_in_code: "Nhập mã đăng nhập.", "Enter the sign-in code.";
    change_password: "Đổi mật khẩu", "Change the password";
    change_password_why: "Sau khi đổi, các máy khác của bạn phải đăng nhập lại. Dữ liệu chưa gửi trên các máy đó không mất.", "Your other devices then have to sign in again. Data on them that was not sent is not lost.";
    old_password: "Mật khẩu hiện tại", "Present password";
    code_instead: "Quên mật khẩu? Nhập mã của người điều phối", "Forgot it? A code from your coordinator";
    new_password: "Mật khẩu mới, ít nhất 8 ký tự", "New password, at least 8 characters";
    password_changed: "Đã đổi mật khẩu", "Password changed";
    wrong_password: "Mật khẩu hiện tại không đúng.", "The present password is wrong.";
    short_password: "Mật khẩu mới phải có ít nhất 8 ký tự.", "The new password needs at least 8 characters.";
    long_password: "Mật khẩu mới quá dài.", "The new password is too long.";
    common_password: "Mật khẩu này quá nhiều người dùng. Chọn mật khẩu khác.", "Too many people use this password. Choose another one.";
    name_password: "Mật khẩu này gần như chỉ là tên. Chọn mật khẩu khác.", "This password is little more than a name. Choose another one.";
    show_who_you_are: "Nhập mật khẩu của bạn hoặc một mã mới của người điều phối, hay xác nhận bằng khóa truy cập.", "Enter your password or a new code from your coordinator, or confirm with your passkey.";
    oversees_so_who_asks: "Người này phụ trách người khác, nên máy chủ hỏi lại bạn là ai.", "This person looks after others, so the server asks again who you are.";
    your_password: "Mật khẩu của bạn", "Your password";
    code_instead_of_password: "Không có mật khẩu? Nhập mã của người điều phối", "No password? A code from your coordinator";
    other_app: "Nhập liệu bằng ODK Collect", "Fill forms with ODK Collect";
    other_app_why: "Tạo địa chỉ riêng cho một máy dùng ODK Collect hoặc ứng dụng tương tự. Ai có địa chỉ này gửi được phiếu dưới tên bạn, nên máy chủ hỏi lại bạn là ai.", "Makes an address for one phone with ODK Collect or the like. Whoever has it sends forms in your name, so the server asks again who you are.";
    other_app_device: "Tên máy", "What the phone is called";
    make_token: "Tạo địa chỉ", "Make the address";
    token_how: "Trong ODK Collect, chọn thêm dự án, chọn nhập tay rồi điền địa chỉ này. Địa chỉ không hiện lại; muốn thu hồi thì kết thúc phiên của máy này trong danh sách máy.", "In ODK Collect add a project by hand with this server address. It is not shown again; end that device's session in the list of devices to take it back.";
    copy_address: "Sao chép địa chỉ", "Copy the address";
    no_field_work: "Vai trò này không nhập phiếu.", "This role fills no forms.";
    log_actor: "Ai làm (tên đăng nhập)", "Who did it (sign-in name)";
    log_action: "Việc", "What";
    any_action: "Mọi việc", "Everything";
    log_object: "Với ai, với gì", "To whom, to what";
    from_day: "Từ ngày", "From";
    until_day: "Đến hết ngày", "To the end of";
    search_log: "Tìm trong nhật ký", "Search the log";
    no_deed_found: "Không có dòng nào khớp.", "Nothing in the log matches.";
    programmes: "Chương trình", "Programmes";
    all_programmes: "tất cả", "all";
    sees: "Xem hồ sơ của", "Sees the records of";
    programmes_why: "Chỉ thấy và gửi hồ sơ của chương trình được chọn. Không chọn gì là mọi chương trình.", "The person sees and sends records of the chosen programmes only. Choosing none means all.";
    edit_person: "Sửa thông tin và quyền", "Change name, role and unit";
    save_person: "Lưu", "Save";
    role_change_why: "Với vai trò khác, người này phải đăng nhập lại trên mọi máy; mã đăng nhập và khóa truy cập cũ không dùng được nữa. Dữ liệu chưa gửi vẫn nằm trên máy và được gửi khi họ đăng nhập lại.", "With another role the person has to sign in again on every device; old sign-in codes and passkeys no longer work. Data that was not sent stays on the devices, and is sent when they sign in again.";
    unit_change_why: "Máy của người này sẽ nhận hồ sơ của đơn vị mới và bỏ bản sao hồ sơ của đơn vị cũ. Dữ liệu chưa gửi không mất.", "The person's devices will receive the new unit's records and drop their copies of the former unit's. Data that was not sent is not lost.";
    personal_data: "Dữ liệu cá nhân", "Personal data";
    personal_data_why: "Tìm những gì hồ sơ ghi về một người, theo họ tên hoặc số điện thoại, để trao cho họ hoặc xóa theo yêu cầu của họ.", "Finds what records say of a person, by name or telephone number, to hand it to them or to erase it when they ask.";
    name_or_phone: "Họ tên hoặc số điện thoại", "Name or telephone number";
    too_short: "Nhập ít nhất 4 chữ hoặc số.", "Enter at least 4 letters or digits.";
    nobody_mentioned: "Không có hồ sơ nào nhắc đến người này.", "No record speaks of this person.";
    two_of_one_name: "Hai người có thể trùng tên, cả trong một hồ sơ: mở hồ sơ để xem, và bỏ chọn những chỗ nói về người khác.", "Two people may have one name, in one record too: open the records to see, and take the choice from what is about somebody else.";
    take_data: "Lấy dữ liệu (ZIP)", "Take the data (ZIP)";
    erase_person: "Xóa dữ liệu", "Erase the data";
    erase_person_why: "Xóa hẳn họ tên, số điện thoại, chữ ký, ảnh và mọi câu trả lời riêng của người này trong hồ sơ, lịch sử và trên các máy. Hồ sơ và số liệu vẫn còn. Không lấy lại được.", "Names, numbers, signatures, photos and all personal answers of this person go from records, their history and all devices, for good. Records and figures stay.";
    erase_account: "Xóa tên người này", "Erase this person's name";
    erase_account_why: "Xóa họ tên và mật khẩu của tài khoản; người này không đăng nhập được nữa. Tên đăng nhập vẫn còn vì nó là tác giả của hồ sơ. Không lấy lại được.", "The account's name and password go for good, and nobody signs in with it any more. The sign-in name stays, because it is the author of records.";
    data_erased: "Đã xóa", "Erased";
    other_count: "Hồ sơ đã thay đổi từ lúc tìm. Tìm lại rồi xóa.", "Records have changed since. Find the person again, then erase.";
    choose_a_mention: "Chọn ít nhất một chỗ.", "Choose one place at least.";
    file_not_saved: "Trình duyệt không lưu được tệp.", "The browser could not save the file.";
    wrong_code: "Mã không đúng, đã dùng rồi, hoặc hết hạn. Xin người điều phối mã mới.", "The code is wrong, was used already, or is too old. Ask your coordinator for a new one.";
}

impl Language {
    /// Operations and files that are still on a device.
    #[must_use]
    pub fn still_there(self, unsent: Option<u64>, files: u64) -> String {
        let size = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        match (unsent, size(files)) {
            (Some(count), files) => self.bundle_new(size(count), files),
            (None, 0) => self.unsent_unknown().to_owned(),
            (None, files) => format!("{}, {}", self.unsent_unknown(), self.file_count(files)),
        }
    }

    /// How many records speak of somebody.
    #[must_use]
    pub fn mentioned_in(self, count: usize) -> String {
        match self {
            Self::Vi => format!("{} chỗ trong hồ sơ nhắc đến người này.", self.count(count)),
            Self::En if count == 1 => "Records speak of this person in 1 place.".to_owned(),
            Self::En => format!("Records speak of this person in {} places.", self.count(count)),
        }
    }

    /// Somebody's name or rights were changed.
    #[must_use]
    pub fn person_changed(self, name: &str) -> String {
        match self {
            Self::Vi => format!("Đã lưu: {name}"),
            Self::En => format!("Saved: {name}"),
        }
    }

    /// How many passkeys somebody has.
    #[must_use]
    pub fn has_passkeys(self, count: u64) -> String {
        let count = self.number(&count.to_string());
        match self {
            Self::Vi => format!("Khóa truy cập: {count}"),
            Self::En => format!("Passkeys: {count}"),
        }
    }

    /// How often somebody tried something.
    #[must_use]
    pub fn tries(self, count: u64) -> String {
        let number = self.number(&count.to_string());
        match self {
            Self::Vi => format!("{number} lần"),
            Self::En if count == 1 => "1 time".to_owned(),
            Self::En => format!("{number} times"),
        }
    }

    /// What was done.
    #[must_use]
    pub fn deed(self, action: Action) -> &'static str {
        let (vi, en) = match action {
            Action::SignIn => ("đăng nhập", "signed in"),
            Action::SignInByCode => ("đăng nhập bằng mã", "signed in with a code"),
            Action::SignInByPasskey => ("đăng nhập bằng khóa truy cập", "signed in with a passkey"),
            Action::SignInFailed => ("không đăng nhập được", "could not sign in"),
            Action::PasswordChange => ("đổi mật khẩu", "changed the password"),
            Action::PasskeyAdd => ("thêm khóa truy cập", "added a passkey"),
            Action::PasskeyRemove => ("xóa khóa truy cập", "removed a passkey"),
            Action::PasskeyRefuse => (
                "bị từ chối vì dùng khóa truy cập có bản sao",
                "was refused with a passkey that was copied",
            ),
            Action::SessionRevoke => ("kết thúc phiên", "ended a session"),
            Action::CodeMake => ("tạo mã đăng nhập", "made a sign-in code"),
            Action::TokenMake => ("tạo địa chỉ cho ODK Collect", "made an address for ODK Collect"),
            Action::AccountAdd => ("thêm người dùng", "added a person"),
            Action::AccountChange => ("sửa người dùng", "changed a person"),
            Action::AccountDisable => ("khóa tài khoản", "disabled an account"),
            Action::AccountEnable => ("mở lại tài khoản", "enabled an account"),
            Action::Export => ("tải Excel", "exported Excel"),
            Action::RepairApply => (
                "ghi dữ liệu chờ xử lý vào hồ sơ",
                "put data that waited for repair into its record",
            ),
            Action::RepairSetAside => {
                ("không ghi dữ liệu chờ xử lý vào hồ sơ", "set aside data that waited for repair")
            }
            Action::EntitySettle => (
                "xem và giữ mục có hai người cùng sửa",
                "looked at an entry that two people changed, and left it as it stands",
            ),
            Action::PersonErase => ("xóa dữ liệu của một người", "erased data about a person"),
            Action::PersonExport => ("lấy dữ liệu của một người", "took the data about a person"),
            Action::AccountErase => ("xóa tên của tài khoản", "erased the name of an account"),
            Action::Retention => {
                ("xóa dữ liệu cá nhân hết hạn giữ", "erased personal data kept long enough")
            }
            Action::BackupFail => ("sao lưu không được", "a backup failed"),
            Action::PackLoad => {
                ("cập nhật các mẫu phiếu và danh mục", "put new forms and lists in force")
            }
            Action::Backup => ("sao lưu", "made a backup"),
            Action::Restore => ("khôi phục từ bản sao lưu", "restored a backup"),
            Action::BundleImport => ("chuyển tệp hộ lên máy chủ", "brought a file of carried work"),
            Action::BundleRefuse => {
                ("chuyển tệp bị máy chủ từ chối", "brought a file that was refused")
            }
            Action::OrganisationKey => {
                ("đổi khóa của cơ quan quản lý", "changed the key of the authority in charge")
            }
        };
        match self {
            Self::Vi => vi,
            Self::En => en,
        }
    }
}
