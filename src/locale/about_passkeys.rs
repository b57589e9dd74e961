//! Words about passkeys.

use super::words;

words! {
    sign_in_by_passkey: "Đăng nhập bằng khóa truy cập", "Sign in with a passkey";
    passkeys: "Khóa truy cập (passkey)", "Passkeys";
    passkeys_why: "Khóa truy cập nằm trong máy hoặc trong khóa bảo mật USB, và chỉ mở bằng vân tay, khuôn mặt hoặc mã PIN của bạn. Nó thay cho mật khẩu khi đăng nhập; trang web giả không dùng được nó.", "A passkey stays in this device or in a security key, and opens only with your finger, your face or its PIN. It takes the place of the password when you sign in, and no false site can use it.";
    no_passkeys_yet: "Chưa có khóa nào.", "You have none yet.";
    passkey_name: "Tên khóa, ví dụ: Máy bàn ở ủy ban", "What to call it, such as: Office computer";
    name_passkey: "Đặt tên cho khóa, không quá 60 ký tự.", "Give it a name of at most 60 characters.";
    add_passkey: "Thêm khóa truy cập", "Add a passkey";
    adding_passkey: "Làm theo trình duyệt…", "Follow the browser…";
    passkey_added: "Đã thêm khóa truy cập", "Passkey added";
    passkey_created: "Thêm lúc", "Added";
    passkey_used: "Dùng gần nhất", "Last used";
    passkey_not_used: "chưa dùng", "not yet";
    rename_passkey: "Đổi tên", "Rename";
    passkey_renamed: "Đã đổi tên", "Renamed";
    remove_passkey: "Xóa khóa", "Remove";
    remove_passkey_title: "Xóa khóa truy cập?", "Remove this passkey?";
    remove_passkey_why: "Không ai đăng nhập bằng khóa này được nữa. Máy vẫn giữ nó đến khi bạn xóa trong mục quản lý mật khẩu của máy.", "Nobody signs in with it any more. The device keeps it until you delete it among its passwords.";
    passkey_removed: "Đã xóa khóa truy cập", "Passkey removed";
    remove_passkeys: "Xóa các khóa truy cập", "Remove the passkeys";
    remove_passkeys_why: "Dùng khi người này mất máy hoặc khóa bảo mật USB: không khóa nào của họ đăng nhập được nữa. Mật khẩu và mã đăng nhập vẫn dùng được. Phiên đang mở trên máy bị mất thì kết thúc ở mục Các máy.", "For somebody who lost a device or a security key: none of their passkeys lets in any more. Password and sign-in codes still do. A session that is open on the lost device is ended among the devices.";
    passkey_cancelled: "Chưa đăng nhập: bạn đã hủy, hết thời gian, hoặc ở đây không có khóa truy cập nào cho địa chỉ này.", "Not signed in: it was cancelled, took too long, or there is no passkey for this address here.";
    passkey_not_made: "Chưa thêm khóa: bạn đã hủy, hoặc hết thời gian.", "Nothing was added: it was cancelled, or took too long.";
    passkey_known: "Máy hoặc khóa bảo mật này đã có khóa truy cập của bạn.", "This device or security key has a passkey of yours already.";
    passkey_needed: "Tài khoản này chỉ đăng nhập bằng khóa truy cập, hoặc bằng mã của người điều phối.", "This account signs in with its passkey, or with a code from the coordinator.";
    passkey_wrong: "Máy chủ không nhận khóa này: có thể nó đã bị xóa. Đăng nhập bằng mật khẩu hoặc mã.", "The server does not take this passkey: it may have been removed. Sign in with your password or a code.";
    passkey_expired: "Đã quá thời gian chờ. Thử lại.", "That took too long. Try again.";
    passkey_impossible: "Ở địa chỉ này hoặc trình duyệt này không dùng được khóa truy cập.", "Passkeys do not work at this address or in this browser.";
    passkey_failed: "Trình duyệt không dùng được khóa truy cập. Thử lại, hoặc đăng nhập cách khác.", "The browser could not use the passkey. Try again, or sign in another way.";
    sign_again_by_passkey: "Hoặc xác nhận bằng khóa truy cập", "Or confirm with your passkey";
    signed_again_by_passkey: "Đã xác nhận bằng khóa truy cập. Bấm nút bên dưới trong vòng 5 phút.", "Confirmed with your passkey. Press the button below within 5 minutes.";
    passkey_not_confirmed: "Chưa xác nhận: bạn đã hủy, hết thời gian, hoặc ở đây không có khóa truy cập của bạn.", "Not confirmed: it was cancelled, took too long, or your passkey is not here.";
    passkey_not_taken: "Máy chủ không nhận khóa này. Dùng mật khẩu hoặc mã.", "The server does not take this passkey. Use your password or a code.";
    passkey_to_make: "Mã đúng. Tài khoản này chỉ đăng nhập bằng khóa truy cập: hãy tạo một khóa trên máy này hoặc trong khóa bảo mật USB.", "The code is right. This account signs in with a passkey only: make one on this device or on a security key.";
    make_passkey: "Tạo khóa và đăng nhập", "Make a passkey and sign in";
    passkey_here_already: "Máy hoặc khóa bảo mật này đã có khóa truy cập của bạn: hãy đăng nhập bằng khóa đó.", "This device or security key has a passkey of yours already: sign in with that.";
    too_many_passkeys: "Đã có 20 khóa, nhiều nhất có thể. Xóa bớt một khóa trước.", "You have 20, which is the most. Remove one first.";
}
