//! Words of an open form: going through it, its controls, what is missing.

use form::{DataType, ViolationKind};

use super::{Language, words};

words! {
    next: "Tiếp", "Next";
    previous: "Trước", "Back";
    to_review: "Xem lại", "Review";
    back_to_review: "Về trang Xem lại", "Back to review";
    review: "Xem lại và nộp", "Review and submit";
    submit: "Nộp phiếu", "Submit";
    submit_changes: "Nộp phần sửa", "Submit changes";
    submitting: "Đang nộp…", "Submitting…";
    leave_form: "Ra khỏi phiếu", "Leave the form";
    on_one_page: "Tất cả trên một trang", "All on one page";
    page_by_page: "Từng trang một", "Page by page";
    pages_of_form: "Các trang của phiếu", "Pages of the form";
    all_answered: "Không thiếu gì. Nộp được rồi.", "Nothing is missing. Ready to submit.";
    first_gap: "Đến chỗ đầu tiên", "Go to the first";
    submit_later: "Chưa nộp được? Mọi câu đã trả lời vẫn được giữ, làm tiếp lúc nào cũng được.", "Not ready? Every answer is kept; go on whenever you like.";
    amend_later: "Chưa sửa xong? Phần đã sửa vẫn được gửi đi như đang có; sửa tiếp lúc nào cũng được.", "Not ready? What you changed is sent as it stands; go on whenever you like.";
    after_submit: "Nộp được cả khi không có mạng: máy tự gửi khi có mạng.", "You can submit offline: it is sent by itself once there is a network.";
    amend_further: "Sửa tiếp", "Go on";
    why_changed: "Vì sao sửa phiếu này?", "Why is this record changed?";
    another_record: "Phiếu mới", "New record";
    language_of_form: "Ngôn ngữ của phiếu", "Language of the form";
    required: "bắt buộc", "required";
    required_default: "Câu này cần trả lời.", "This needs an answer.";
    too_long: "Câu trả lời dài quá. Hãy bớt xuống dưới 80.000 ký tự.", "This answer is too long. Shorten it to fewer than 80,000 characters.";
    not_a_date: "Ngày này chưa đủ hoặc không có thật.", "This date is incomplete or does not exist.";
    not_a_time: "Ngày, giờ này chưa đủ hoặc không có thật.", "This time is incomplete or does not exist.";
    not_whole: "Ô này chỉ ghi số nguyên.", "Enter a whole number.";
    not_a_number: "Ô này chỉ ghi số.", "Enter a number.";
    not_a_place: "Cần vĩ độ từ -90 đến 90 và kinh độ từ -180 đến 180.", "Enter a latitude from -90 to 90 and a longitude from -180 to 180.";
    not_a_line: "Cần ít nhất hai điểm, mỗi điểm có vĩ độ và kinh độ.", "At least two points are needed, each with its latitude and longitude.";
    not_an_area: "Cần ít nhất ba điểm, mỗi điểm có vĩ độ và kinh độ.", "At least three points are needed, each with its latitude and longitude.";
    constraint_default: "Câu trả lời này chưa hợp lệ.", "This answer is not valid.";
    page_needs_care: "Trang này còn câu cần xem lại. Vẫn đi tiếp được.", "Something on this page needs attention. You can still go on.";
    guidance: "Hướng dẫn thêm", "More guidance";

    unchanged: "Chưa nhập gì mới", "Nothing new entered";
    saving: "Đang lưu…", "Saving…";
    saved_on_phone: "Đã lưu trên máy", "Saved on this phone";
    not_saved: "CHƯA lưu được", "NOT saved";

    choose: "Chọn", "Choose";
    choose_many: "Chọn một hoặc nhiều", "Choose one or more";
    done: "Xong", "Done";
    date_as_typed: "ngày/tháng/năm", "dd/mm/yyyy";
    clear_answer: "Bỏ chọn", "Clear";
    clear_entry: "Xóa câu trả lời", "Clear";
    no_choice_matches: "Không có mục nào khớp.", "Nothing matches.";
    no_choices: "Không có mục nào để chọn. Xem lại các câu trước.", "There is nothing to choose from. Check the questions above.";
    one_less: "Bớt một", "One less";
    one_more: "Thêm một", "One more";
    other_sign: "Đổi dấu âm, dương", "Change the sign";
    move_up: "Lên", "Up";
    move_down: "Xuống", "Down";
    i_confirm: "Tôi xác nhận", "I confirm";

    take_photo: "Chụp ảnh", "Take a photo";
    choose_photo: "Thư viện", "Pictures";
    change_photo: "Chụp lại", "Retake";
    choose_file: "Chọn tệp", "Choose a file";
    play_file: "Mở", "Play";
    save_file: "Lưu tệp về máy", "Save the file";
    file_not_here: "Tệp chưa có trên máy này và chưa lấy được từ máy chủ. Hãy thử lại khi có mạng.", "The file is not on this phone and could not be fetched. Try again with a network.";
    remove: "Gỡ bỏ", "Remove";
    drop_file: "Bỏ, không lưu tệp này", "Leave this file out";
    keeping_file: "Đang lưu tệp…", "Keeping the file…";
    preparing_photo: "Đang thu nhỏ ảnh…", "Making the picture smaller…";
    file_too_large: "Tệp lớn hơn 64 MB nên không gửi đi được. Hãy chọn tệp nhỏ hơn, hoặc quay, ghi âm ngắn hơn.", "A file of more than 64 MB cannot be sent. Choose a smaller one, or record a shorter one.";
    photo_unreadable: "Không đọc được tệp ảnh này. Thử chụp lại.", "This picture cannot be read. Try taking it again.";
    photo_not_here: "Ảnh chưa có trên máy này", "The picture is not on this phone";
    photo_not_drawn: "Máy này không hiện được ảnh này.", "This picture cannot be shown here.";
    camera_opening: "Đang mở máy ảnh…", "Opening the camera…";
    camera_ready: "Máy ảnh đã mở.", "The camera is on.";
    camera_sees: "Hình máy ảnh đang thấy", "What the camera sees";
    camera_refused: "Trình duyệt không được phép dùng máy ảnh. Cho phép Máy ảnh trong cài đặt của trang, hoặc chụp bằng cách khác bên dưới.", "The browser may not use the camera. Allow Camera in the site settings, or use another way below.";
    camera_missing: "Trình duyệt không thấy máy ảnh nào. Chụp bằng cách khác bên dưới.", "The browser finds no camera. Use another way below.";
    camera_failed: "Không mở được máy ảnh: có thể ứng dụng khác đang dùng. Thử lại, hoặc chụp bằng cách khác bên dưới.", "The camera could not be opened: another app may be using it. Try again, or use another way below.";
    camera_taken_away: "Máy ảnh vừa bị ngắt: có thể đang có cuộc gọi hay ứng dụng khác dùng. Thử lại, hoặc chụp bằng cách khác bên dưới.", "The camera was cut off: a call or another app may be using it. Try again, or use another way below.";
    camera_light: "Đèn", "Light";
    flip_camera: "Đổi máy ảnh trước, sau", "Front or back camera";
    shoot: "Chụp", "Take the photo";
    photo_taken: "Ảnh vừa chụp, chưa lưu", "The photo, not kept yet";
    use_photo: "Dùng ảnh này", "Use this photo";
    system_camera: "Máy ảnh của điện thoại", "The phone's own camera";
    file_awaited: "Máy đã đóng ứng dụng trong lúc chụp, ghi âm hay chọn tệp, nên tệp chưa vào đây hoặc chưa đủ. Hãy chụp, ghi hoặc chọn lại.", "The phone ended the app while a photo was taken, a sound recorded or a file chosen, so it is not here, or not all of it. Take, record or choose it again.";
    see_full: "Xem ảnh lớn", "See it in full";

    sign_here: "Ký vào khung", "Sign in the box";
    wipe: "Xóa, ký lại", "Wipe";
    sign_again: "Ký lại", "Sign again";
    sign: "Ký", "Sign";
    signed: "Đã ký", "Signed";
    on_the_cards: "Cột đang ghi", "What is entered on the cards";
    keep_signature: "Dùng chữ ký này", "Use this signature";

    draw_here: "Vẽ vào khung", "Draw in the box";
    draw_again: "Vẽ lại", "Draw again";
    draw_on_photo: "Vẽ lên ảnh", "Draw on the picture";
    wipe_drawing: "Xóa nét vẽ", "Wipe the drawing";
    keep_drawing: "Dùng hình này", "Use this drawing";

    record_sound: "Ghi âm", "Record";
    stop_recording: "Dừng ghi âm", "Stop recording";
    recording: "Đang ghi…", "Recording…";
    record_film: "Quay phim", "Film";
    microphone_denied: "Trình duyệt không được phép dùng micrô. Cho phép Micrô trong cài đặt của trang, hoặc chọn tệp âm thanh có sẵn.", "The browser may not use the microphone. Allow it in the site settings, or choose a sound file.";
    microphone_taken: "Ứng dụng khác đang dùng micrô nên lúc này không thu được tiếng. Phần đã ghi vẫn được giữ.", "Another app has the microphone: nothing is heard just now. What was recorded so far is kept.";
    recording_full: "Bản ghi đã dài hết mức gửi được nên máy tự dừng. Muốn ghi tiếp thì ghi ở câu khác; ghi lại ở câu này là thay bản vừa ghi.", "The recording is as long as can be sent, so it has ended. To go on, record at another question: recording here again replaces this one.";

    read_compass: "Đo hướng", "Read the compass";
    no_compass: "Máy này không cho biết hướng. Gõ số độ vào ô.", "This phone gives no bearing. Type the degrees.";

    get_location: "Lấy vị trí", "Get location";
    get_location_again: "Lấy lại vị trí", "Get it again";
    locating: "Đang tìm vị trí… Đứng ngoài trời sẽ nhanh hơn.", "Finding the location… It is faster outdoors.";
    location_denied: "Trình duyệt không được phép lấy vị trí. Mở cài đặt của trang (biểu tượng bên trái địa chỉ), cho phép Vị trí, rồi thử lại.", "The browser may not read the location. Open the site settings (the icon left of the address), allow Location, then try again.";
    location_late: "Chưa có vị trí. Ra chỗ thoáng rồi thử lại, hoặc bỏ qua nếu không bắt buộc.", "No location yet. Move into the open and try again, or skip it if it is not required.";
    location_unavailable: "Máy này không cho biết vị trí. Bật Vị trí (GPS) trong cài đặt máy rồi thử lại.", "This phone gives no location. Switch Location (GPS) on in its settings, then try again.";
    latitude: "Vĩ độ", "Latitude";
    longitude: "Kinh độ", "Longitude";
    open_map: "Mở bản đồ", "Open the map";
    add_corner: "Thêm điểm ở đây", "Add a point here";
    remove_corner: "Bỏ điểm cuối", "Remove the last point";
    start_walking: "Đi và tự ghi", "Record while walking";
    stop_walking: "Dừng tự ghi", "Stop recording";
    walk_late: "Lúc này chưa bắt được vị trí đủ chính xác. Máy vẫn đang ghi, cứ đi tiếp ra chỗ thoáng.", "No exact location for now. The walk is still recorded: go on into the open.";
    walk_forgotten: "Đã 10 phút không có thêm điểm nào nên máy ngừng ghi. Các điểm đã ghi vẫn còn; bấm Đi và tự ghi để ghi tiếp.", "No further point for 10 minutes: the recording has stopped. The points so far are kept; press Record while walking to go on.";
    type_corners: "Mỗi điểm: vĩ độ, kinh độ, độ cao, sai số, cách nhau bằng dấu cách; giữa các điểm là dấu chấm phẩy.", "Each point: latitude, longitude, altitude, accuracy, with spaces between; semicolons between points.";
    type_location: "Gõ tọa độ", "Type coordinates";
    map: "Bản đồ", "Map";
    show_map: "Hiện bản đồ", "Show the map";
    hide_map: "Ẩn bản đồ", "Hide the map";
    map_help: "Kéo để di chuyển, hoặc chạm vào nơi cần đưa vào giữa. Bàn phím: mũi tên, + và −.", "Drag to move, or tap what should come to the middle. Keyboard: arrows, + and −.";
    map_not_here: "Không có mạng: bản đồ chưa tải.", "No network: the map has not come.";
    put_in_the_middle: "Đặt điểm ở tâm bản đồ", "Put a point in the middle";
    zoom_in: "Phóng to", "Zoom in";
    zoom_out: "Thu nhỏ", "Zoom out";

    scan: "Quét mã", "Scan";
    scanning: "Đưa mã vào giữa khung hình", "Hold the code in the middle";
    stop_scanning: "Thôi quét", "Stop scanning";
    scan_denied: "Không mở được máy ảnh, hoặc máy ảnh vừa bị ngắt. Quét lại, hoặc gõ mã vào ô bên trên.", "The camera could not be opened, or was cut off. Scan again, or type the code above.";

    add_row: "Thêm", "Add";
    remove_row: "Xóa mục này", "Remove this entry";
    remove_if_none: "Nếu không có, bỏ mục này", "If there is none, remove this entry";
    remove_blank_row: "Bỏ mục trống này", "Remove this empty entry";
    blank_row: "Mục này còn trống", "This entry is empty";
    blank_row_why: "Không có gì để ghi thì bỏ mục này; có thì bấm vào đây để nhập.", "Nothing to record? Remove the entry. Otherwise press here and fill it in.";
    near_rows: "Có phải:", "Did you mean:";
    there_last_time: "Lần trước có:", "There last time:";
    row_removed: "Đã xóa một mục", "Entry removed";
    undo_too_late: "Không hoàn tác được nữa: phiếu đã đóng", "Too late to undo: the form was closed";
    paste_list: "Dán danh sách", "Paste a list";
    paste_with_heads: "Chỉ nhận tên. Dán kèm dòng tiêu đề cột để nhận cả các cột khác.", "Names only. Paste the line that names the columns as well, and the others are taken too.";
    paste_needs_row: "Chỉ nhận tên. Thêm một mục trước khi dán thì nhận được cả các cột khác.", "Names only. Add an entry before you paste, and the other columns are taken too.";
    paste_names_only: "Chỉ nhận tên. Các cột khác không trùng với câu hỏi nào.", "Names only. The other columns are called like none of the questions.";
    names_known_too: "Thêm cả những tên đã có", "Add names that are there too";
    file_removed: "Đã gỡ bỏ", "Removed";
    empty_row: "Chưa nhập", "Nothing entered";
}

impl Language {
    /// What adds a row of a repeat that is called so.
    #[must_use]
    pub fn add_one(self, label: &str) -> String {
        let mut rest = label.chars();
        let first = rest.next().map(|first| first.to_lowercase().to_string()).unwrap_or_default();
        // An abbreviation stays one.
        let is_word = rest.clone().next().is_some_and(char::is_lowercase);
        let label = if is_word { first + rest.as_str() } else { label.to_owned() };
        format!("{} {label}", self.add_row())
    }

    /// How a page stands on which so many answers are missing or wrong.
    #[must_use]
    pub fn page_lacks(self, count: usize) -> String {
        match self {
            _ if count == 0 => self.done().to_owned(),
            Self::Vi => format!("Còn {count} câu"),
            Self::En => format!("{count} to go"),
        }
    }

    /// How much is missing or wrong in a row, where there is room for few words.
    #[must_use]
    pub fn row_lacks(self, count: usize) -> String {
        match self {
            Self::Vi => format!("Thiếu {count}"),
            Self::En => format!("Lacks {count}"),
        }
    }

    /// That something is missing or wrong in so many rows.
    #[must_use]
    pub fn rows_lack(self, count: usize) -> String {
        match self {
            Self::Vi => format!("{} mục còn thiếu", self.count(count)),
            Self::En if count == 1 => "1 entry lacks something".to_owned(),
            Self::En => format!("{} entries lack something", self.count(count)),
        }
    }

    /// That an answer is not of its question's type.
    fn not_typed(self, data_type: DataType) -> &'static str {
        match data_type {
            DataType::Date => self.not_a_date(),
            DataType::Time | DataType::DateTime => self.not_a_time(),
            DataType::Int => self.not_whole(),
            DataType::Decimal => self.not_a_number(),
            DataType::Geopoint => self.not_a_place(),
            DataType::Geotrace => self.not_a_line(),
            DataType::Geoshape => self.not_an_area(),
            DataType::String
            | DataType::Boolean
            | DataType::Barcode
            | DataType::Binary
            | DataType::Intent => self.constraint_default(),
        }
    }

    /// What is wrong with an answer: the form's own words, or ours where it has none.
    #[must_use]
    pub fn broken_rule(
        self,
        kind: ViolationKind,
        data_type: DataType,
        message: Option<&str>,
    ) -> String {
        let ours = match kind {
            ViolationKind::Required => self.required_default(),
            ViolationKind::Constraint => self.constraint_default(),
            ViolationKind::Type => self.not_typed(data_type),
            ViolationKind::Length => self.too_long(),
        };
        message.filter(|message| !message.is_empty()).unwrap_or(ours).to_owned()
    }

    /// That files beside the form are not on this phone, by name.
    #[must_use]
    pub fn files_not_here(self, names: &[String]) -> String {
        let names = names.join(", ");
        match self {
            Self::Vi => format!("Máy này chưa có: {names}"),
            Self::En => format!("Not on this phone yet: {names}"),
        }
    }

    /// How many files a form lacks.
    #[must_use]
    pub fn lacks_files(self, count: usize) -> String {
        let files = self.file_count(count);
        match self {
            Self::Vi => format!("Còn thiếu {files}"),
            Self::En => format!("{files} missing"),
        }
    }

    /// How much of what is beside the forms is still to come.
    #[must_use]
    pub fn files_arriving(self, count: usize, bytes: u64) -> String {
        let (files, bytes) = (self.file_count(count), self.bytes(bytes));
        match self {
            Self::Vi => format!("Còn {files} đi kèm phiếu (ảnh, danh sách), {bytes}."),
            Self::En => format!("{files} of the forms (pictures, lists) to come, {bytes}."),
        }
    }

    /// A file that a record names and that never came.
    #[must_use]
    pub fn file_did_not_come(self, name: &str) -> String {
        match self {
            Self::Vi => format!("Thiếu tệp {name}: chưa nhận được"),
            Self::En => format!("{name} is missing: it has not arrived"),
        }
    }

    /// That a record lacks files.
    #[must_use]
    pub fn record_lacks_files(self, count: usize) -> String {
        let files = self.file_count(count);
        match self {
            Self::Vi => format!("Hồ sơ chưa đủ: thiếu {files}"),
            Self::En => format!("Incomplete: {files} missing"),
        }
    }

    /// Where one is in a form.
    #[must_use]
    pub fn page_of(self, page: usize, pages: usize) -> String {
        match self {
            Self::Vi => format!("Trang {page}/{pages}"),
            Self::En => format!("Page {page} of {pages}"),
        }
    }

    /// The number of things to put right before submitting.
    #[must_use]
    pub fn to_fix(self, count: usize) -> String {
        match self {
            Self::Vi => format!("Còn {} chỗ cần bổ sung hoặc sửa", self.count(count)),
            Self::En if count == 1 => "1 thing needs attention".to_owned(),
            Self::En => format!("{} things need attention", self.count(count)),
        }
    }

    /// The number of things to put right in a record that is submitted and was changed.
    #[must_use]
    pub fn submitted_to_fix(self, count: usize) -> String {
        match self {
            Self::Vi => format!("Hồ sơ đã nộp còn {} chỗ cần bổ sung hoặc sửa", self.count(count)),
            Self::En if count == 1 => "1 thing needs attention in the submitted record".to_owned(),
            Self::En => {
                format!("{} things need attention in the submitted record", self.count(count))
            }
        }
    }

    /// How sure a location is.
    #[must_use]
    pub fn accuracy(self, metres: &str) -> String {
        match self {
            Self::Vi => format!("sai số khoảng {} m", self.number(metres)),
            Self::En => format!("within about {} m", self.number(metres)),
        }
    }

    /// A place with how sure it is, if it was measured: `lat lon altitude accuracy` as people read it.
    #[must_use]
    pub fn place(self, geopoint: &str) -> String {
        let short = |number: &str| match number.contains('.') {
            true => number.trim_end_matches('0').trim_end_matches('.').to_owned(),
            false => number.to_owned(),
        };
        let mut parts = geopoint.split_whitespace();
        match (parts.next(), parts.next(), parts.nth(1)) {
            (Some(latitude), Some(longitude), Some(accuracy)) if short(accuracy) != "0" => {
                let accuracy = self.accuracy(&short(accuracy));
                format!("{}, {} ({accuracy})", short(latitude), short(longitude))
            }
            (Some(latitude), Some(longitude), _) => {
                format!("{}, {}", short(latitude), short(longitude))
            }
            _ => geopoint.to_owned(),
        }
    }

    /// Which place is in the middle of a map.
    #[must_use]
    pub fn map_middle(self, latitude: f64, longitude: f64) -> String {
        match self {
            Self::Vi => format!("Tâm bản đồ: {latitude:.5}, {longitude:.5}"),
            Self::En => format!("Middle of the map: {latitude:.5}, {longitude:.5}"),
        }
    }

    /// How many corners a line has, and how long it is; of an area the way around it, and how large it is.
    #[must_use]
    pub fn corners(self, count: usize, length_m: f64, area_m2: Option<f64>) -> String {
        let metres = self.number(&format!("{length_m:.0}"));
        let area = area_m2.map(|area_m2| match area_m2 < 10_000.0 {
            true => format!("{} m²", self.number(&format!("{area_m2:.0}"))),
            false => format!("{} ha", self.number(&format!("{:.2}", area_m2 / 10_000.0))),
        });
        let corners = self.count(count);
        match (self, area) {
            (Self::Vi, None) => format!("{corners} điểm, dài {metres} m"),
            (Self::Vi, Some(area)) => {
                format!("{corners} điểm, chu vi {metres} m, diện tích {area}")
            }
            (Self::En, None) if count == 1 => format!("1 point, {metres} m"),
            (Self::En, None) => format!("{corners} points, {metres} m"),
            (Self::En, Some(area)) => format!("{corners} points, {metres} m around, {area}"),
        }
    }

    /// That a place was found no better than so.
    #[must_use]
    pub fn rough_place(self, accuracy_m: f64) -> String {
        let metres = self.number(&format!("{accuracy_m:.0}"));
        match self {
            Self::Vi => format!("Vị trí còn sai tới {metres} m, nên đo lại ngoài trời."),
            Self::En => format!("This may be {metres} m off: measure it again outdoors."),
        }
    }

    /// What is pasted where a list is asked for.
    #[must_use]
    pub fn one_a_line(self, label: &str) -> String {
        match self {
            Self::Vi => format!("{label} (mỗi dòng một tên)"),
            Self::En => format!("{label} (one on each line)"),
        }
    }

    /// That a code that was scanned stands in no row.
    #[must_use]
    pub fn code_of_nobody(self, code: &str) -> String {
        match self {
            Self::Vi => format!("Không có trong danh sách: {code}"),
            Self::En => format!("Not in the list: {code}"),
        }
    }

    /// The button that marks all alike of whom nothing is said yet; or those of them that a search found.
    #[must_use]
    pub fn mark_rest(self, choice: &str, count: usize, is_search: bool) -> String {
        let count = self.count(count);
        match (self, is_search) {
            (Self::Vi, false) => format!("Còn lại {count}: {choice}"),
            (Self::Vi, true) => format!("Tìm thấy {count}: {choice}"),
            (Self::En, false) => format!("All others: {choice} ({count})"),
            (Self::En, true) => format!("Those found: {choice} ({count})"),
        }
    }

    /// The button that adds whoever is sought.
    #[must_use]
    pub fn add_named(self, name: &str) -> String {
        format!("{} “{name}”", self.add_row())
    }

    /// How many rows lack something.
    #[must_use]
    pub fn rows_lacking(self, count: usize) -> String {
        let count = self.count(count);
        match self {
            Self::Vi => format!("Còn thiếu {count}"),
            Self::En => format!("Incomplete {count}"),
        }
    }

    /// What is asked of all in a list at once.
    #[must_use]
    pub fn for_all(self, label: &str) -> String {
        match self {
            Self::Vi => format!("{label} (cho cả danh sách)"),
            Self::En => format!("{label} (for the whole list)"),
        }
    }

    /// The button that makes rows of a list.
    #[must_use]
    pub fn add_rows(self, count: usize) -> String {
        format!("{} {}", self.add_row(), self.count(count))
    }

    /// That rows were made of a list.
    #[must_use]
    pub fn rows_added(self, count: usize) -> String {
        let count = self.count(count);
        match self {
            Self::Vi => format!("Đã thêm {count}"),
            Self::En => format!("{count} added"),
        }
    }

    /// Which columns of a list are taken and which are not, and how many cells of the former are not.
    #[must_use]
    pub fn columns_taken(self, labels: &[String], left: &[String], unread: usize) -> String {
        let mut told = match self {
            Self::Vi => format!("Nhận: {}", labels.join(", ")),
            Self::En => format!("Taken: {}", labels.join(", ")),
        };
        if !left.is_empty() {
            let left = left.join(", ");
            told += &match self {
                Self::Vi => format!(" · Không nhận: {left}"),
                Self::En => format!(" · Not taken: {left}"),
            };
        }
        let count = self.count(unread);
        match (self, unread) {
            (_, 0) => {}
            (Self::Vi, _) => told += &format!(" · {count} ô không khớp, để trống"),
            (Self::En, 1) => told += " · 1 cell does not match and is left empty",
            (Self::En, _) => told += &format!(" · {count} cells do not match and are left empty"),
        }
        told
    }

    /// How many names of a list are there already.
    #[must_use]
    pub fn names_known(self, count: usize) -> String {
        let number = self.count(count);
        match self {
            Self::Vi => format!("{number} tên đã có, không thêm lại"),
            Self::En if count == 1 => "1 name is there already and not added again".to_owned(),
            Self::En => format!("{number} names are there already and not added again"),
        }
    }

    /// What is chosen of a list.
    #[must_use]
    pub fn chosen(self, count: usize) -> String {
        match self {
            Self::Vi => format!("Đã chọn {}", self.count(count)),
            Self::En => format!("{} chosen", self.count(count)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_adds_a_row_reads_as_a_sentence_and_leaves_abbreviations() {
        for (label, told) in [
            ("Học viên", "Thêm học viên"),
            ("Đơn vị", "Thêm đơn vị"),
            ("UBND xã", "Thêm UBND xã"),
            ("", "Thêm "),
        ] {
            assert_eq!(Language::Vi.add_one(label), told);
        }
        assert_eq!(Language::En.add_one("Trainee"), "Add trainee");
    }

    #[test]
    fn what_is_not_of_its_kind_is_told_by_that_kind_unless_the_form_has_words() {
        let told =
            |data_type, message| Language::Vi.broken_rule(ViolationKind::Type, data_type, message);
        assert_eq!(told(DataType::Date, None), "Ngày này chưa đủ hoặc không có thật.");
        assert_eq!(told(DataType::Decimal, Some("")), "Ô này chỉ ghi số.");
        assert_eq!(told(DataType::Date, Some("Ghi ngày họp.")), "Ghi ngày họp.");
        assert!(told(DataType::Geoshape, None).contains("ba điểm"));
    }

    #[test]
    fn the_button_for_all_who_are_left_says_how_many_it_marks() {
        let told = |is_search| Language::Vi.mark_rest("Có mặt", 1_012, is_search);
        assert_eq!(told(false), "Còn lại 1.012: Có mặt");
        assert_eq!(told(true), "Tìm thấy 1.012: Có mặt");
    }
}
