// A roster that is begun from a list of names: pasted, called by name, and filled in one column after the other.
import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { faults } from '../harness/axe.mjs';
import { Stage } from '../harness/stage.mjs';
import { until } from '../harness/until.mjs';
import { Sender } from '../harness/wire.mjs';
import { FormPage } from '../pages/form.mjs';
import { rosterOf } from '../pages/roster.mjs';

const stage = new Stage();
const trainer = stage.device('trainer');
const { cards, card, openCard, search } = rosterOf(trainer);
let phone;
let form;

/** The class before had one person in it. */
before(async () => {
  const server = await stage.serve();
  const sender = await Sender.signIn(server, 'canbo.longkhanh');
  const at = 'hoc_vien[1]';
  await sender.send(await sender.form('lk_lop_tap_huan'), [{
    'chung/ma_lop': 'BDG-1', 'chung/buoi': 1, 'chung/dia_diem': 'Hội trường phường',
    [at]: 1, [`${at}/hv_ten`]: 'Nguyễn Thị Đào 12', [`${at}/hv_gt`]: 'nu', [`${at}/hv_nam_sinh`]: 1985,
    [`${at}/hv_don_vi`]: 'dn_p_long_khanh', [`${at}/hv_tt`]: 'co_mat',
  }]);
  phone = await stage.start(trainer, 'canbo.longkhanh');
  await phone.open('/records');
  await trainer.page.locator('.record-row').waitFor();
});

test('a list of names is pasted at once: who is there is named and not added, and one press takes it back', async () => {
  const { page } = trainer;
  const LIST = 150;
  form = await phone.begin('lk_lop_tap_huan');
  await form.goTo('học viên');
  await form.firstRow('hoc_vien');
  await form.type('hv_ten', 'Trần Văn Hùng');
  await form.closeRow();
  const open = () => page.getByRole('button', { name: 'Dán danh sách' }).click();
  const sheet = page.getByRole('dialog').filter({ visible: true });
  const field = sheet.getByLabel('Họ và tên (mỗi dòng một tên)');
  const names = Array.from({ length: LIST }, (_, at) => `${at + 1}\tNguyễn Thị Mận ${at + 1}\t1985`);
  await open();
  const known = ['tran van hung', 'Trần Văn Hùng'.normalize('NFD')];
  await field.fill(['STT\tHọ và tên\tNăm sinh', ...names, ...known, 'Trần Văn Hưng'].join('\n'));
  await sheet.getByText('2 tên đã có, không thêm lại', { exact: true }).waitFor();
  assert.equal(await sheet.locator('.names-known').textContent(), 'tran van hung, Trần Văn Hùng');
  await trainer.screenshot('roster-pasting');
  assert.deepEqual(await faults(trainer, 'a list is pasted'), []);
  await sheet.getByRole('button', { name: `Thêm ${LIST + 1}` }).click();
  await sheet.waitFor({ state: 'detached' });
  await page.locator('.toast').getByText(`Đã thêm ${LIST + 1}. 2 tên đã có, không thêm lại`).waitFor();
  const lines = await page.locator('.toast-action').evaluate((button) => {
    const words = document.createRange();
    words.selectNodeContents(button);
    return words.getClientRects().length;
  });
  assert.equal(lines, 1, 'the undo is not broken in two');
  await until('the focus is on the first of them', () =>
    page.evaluate(() => document.activeElement?.closest('.row-card')?.textContent.includes('Nguyễn Thị Mận 1') ?? false));
  await until('all are there', async () => (await cards().count()) === LIST + 2);
  await card('Trần Văn Hưng').waitFor();
  await form.saved();
  await trainer.screenshot('roster-pasted');
  await page.locator('.toast').getByRole('button', { name: 'Hoàn tác' }).click();
  await until('they are gone', async () => (await cards().count()) === 1);
  // Two people may have one name; and what was pasted is on the disk.
  await open();
  await field.fill('Trần Văn Hùng');
  assert.ok(await sheet.getByRole('button', { name: 'Thêm 0' }).isDisabled());
  await sheet.getByLabel('Thêm cả những tên đã có').check();
  await sheet.getByRole('button', { name: 'Thêm 1' }).click();
  await until('both are there', async () => (await cards().count()) === 2);
  await form.saved();
  await page.reload();
  form = await new FormPage(page).ready();
  await form.goTo('học viên');
  await until('both are there', async () => (await cards().count()) === 2);
  // The list as it became since, pasted again: however many are there already, what is to be pressed is in sight.
  await open();
  await field.fill(names.join('\n'));
  await sheet.getByRole('button', { name: `Thêm ${LIST}` }).click();
  await until('all are there', async () => (await cards().count()) === LIST + 2);
  await open();
  await field.fill([...names, 'Lê Thị Sau'].join('\n'));
  await sheet.getByText(`${LIST} tên đã có, không thêm lại`, { exact: true }).waitFor();
  assert.ok(await sheet.locator('.names-known').evaluate((box) => box.clientHeight < box.scrollHeight), 'their names scroll by themselves');
  await trainer.screenshot('roster-pasting-again');
  assert.deepEqual(await faults(trainer, 'a list is pasted again'), []);
  await sheet.getByRole('button', { name: 'Thêm 1' }).click();
  await page.locator('.toast').getByText(`Đã thêm 1. ${LIST} tên đã có, không thêm lại`).waitFor();
  const undo = page.locator('.toast').getByRole('button', { name: 'Hoàn tác' });
  const { y, height } = await undo.boundingBox();
  assert.ok(y >= 0 && y + height <= page.viewportSize().height, 'what takes it back is in sight');
  await undo.click();
  await until('only the new one is gone', async () => (await cards().count()) === LIST + 2);
  // Columns that are called as the questions are answer them; what is none of the choices is left empty, and said.
  await open();
  await field.fill(['Họ và tên\tGiới tính\tNăm sinh\tĐơn vị', 'Hồ Thị Cam\tNữ\t1988\tphường Long Khánh', 'Lê Văn Bưởi\tNam\t1990\tSở Y tế'].join('\n'));
  await sheet.getByText('Nhận: Họ và tên, Giới tính, Năm sinh, Đơn vị · 1 ô không khớp, để trống', { exact: true }).waitFor();
  await trainer.screenshot('roster-columns');
  await sheet.getByRole('button', { name: 'Thêm 2' }).click();
  await until('both are there', async () => (await cards().count()) === LIST + 4);
  await openCard('Hồ Thị Cam');
  assert.ok(await form.question('hv_gt').locator('input[value="nu"]').isChecked());
  assert.equal(await form.question('hv_nam_sinh').locator('input').inputValue(), '1988');
  await form.question('hv_don_vi').getByText('Phường Long Khánh').waitFor();
  await form.closeRow();
  // A day of birth tells the year; what all have alike is chosen once, where no column has it.
  await open();
  await field.fill('Họ và tên\tNgày tháng năm sinh\tGhi chú\nPhan Thị Sim\t05/03/1985\t');
  await sheet.getByText('Nhận: Họ và tên, Năm sinh · Không nhận: Ghi chú', { exact: true }).waitFor();
  await sheet.getByLabel('Đơn vị (cho cả danh sách)').selectOption('dn_p_long_khanh');
  await trainer.screenshot('roster-for-all');
  assert.deepEqual(await faults(trainer, 'one answer for a list'), []);
  await sheet.getByRole('button', { name: 'Thêm 1' }).click();
  await openCard('Phan Thị Sim');
  assert.equal(await form.question('hv_nam_sinh').locator('input').inputValue(), '1985');
  await form.question('hv_don_vi').getByText('Phường Long Khánh').waitFor();
  await form.closeRow();
  // Whoever was in the class that was handed in last is known.
  await search().fill('dao 12');
  await page.getByText('Lần trước có:').waitFor();
  await trainer.screenshot('roster-known');
  assert.equal(await page.getByRole('button', { name: /: Có mặt$/ }).filter({ hasText: /^(Còn lại|Tìm thấy)/ }).count(), 0, 'of whoever is only near none is marked');
  await page.getByRole('button', { name: 'Nguyễn Thị Đào 12', exact: true }).click();
  await openCard('Nguyễn Thị Đào 12');
  assert.equal(await form.question('hv_nam_sinh').locator('input').inputValue(), '1985');
  await form.closeRow();
  await form.saved();
  // Of so many the same is missing: that is one thing to settle, and what to do next is in sight.
  await form.goTo('Xem lại');
  const gaps = page.locator('.review-item');
  await gaps.filter({ hasText: /Học viên\s*156 mục còn thiếu/ }).waitFor();
  await gaps.filter({ hasText: 'Chữ ký người phụ trách lớp' }).waitFor();
  assert.ok((await gaps.count()) < 60, `${await gaps.count()} gaps`);
  await trainer.screenshot('review-of-many');
  // Nor does what was said of the list lie on it.
  await page.locator('.toast').getByRole('button', { name: 'Hoàn tác' }).waitFor();
  const first = page.locator('.form-foot').getByRole('button', { name: 'Đến chỗ đầu tiên' });
  await until('a press meets it', () => first.evaluate((button) => {
    const { left, top, width, height } = button.getBoundingClientRect();
    return button.contains(document.elementFromPoint(left + width / 2, top + height / 2));
  }));
  await form.goTo('học viên');
});

test('nobody is there before they are called: a press marks them, another changes it, and one marks all who are left', async () => {
  const { page } = trainer;
  const sheet = page.getByRole('dialog').filter({ visible: true });
  const toast = page.locator('.toast');
  await until('the roster is drawn', async () => (await cards().count()) === 156);
  const all = 156;
  const one = card('Lê Văn Bưởi').locator('.card-answer');
  const rest = (count, of = 'Còn lại') => page.getByRole('button', { name: `${of} ${count}: Có mặt`, exact: true });
  await one.scrollIntoViewIfNeeded();
  await one.getByText('Chưa điểm danh').waitFor();
  await trainer.screenshot('roster-uncalled');
  assert.deepEqual(await faults(trainer, 'a roster before it is called'), []);
  await one.click();
  await one.getByText('Có mặt').waitFor();
  assert.equal(await sheet.count(), 0, 'one press is enough');
  await one.click();
  await sheet.locator('[data-value="vang"]').click();
  await one.getByText('Vắng').waitFor();
  const begins = async (locator) => (await locator.boundingBox()).x;
  const edge = (await begins(rest(all - 1).locator('.icon'))) - (await begins(page.locator('.repeat-bar .search-field')));
  assert.ok(Math.abs(edge) <= 2, `it begins where all else does, not ${edge} beside it`);
  await rest(all - 1).press('Enter');
  await toast.getByText(`Có mặt: ${all - 1}`).waitFor();
  await rest(all - 1).waitFor({ state: 'detached' });
  await until('the focus that went with it is in the list', () =>
    page.evaluate(() => document.activeElement.matches('.row-summary')));
  assert.equal(await page.locator('.card-unmarked').count(), 0);
  await one.getByText('Vắng').waitFor();
  await toast.getByRole('button', { name: 'Hoàn tác' }).click();
  await rest(all - 1).waitFor();
  // Of those that are found only.
  await search().fill('ho thi cam');
  await rest(1, 'Tìm thấy').click();
  await search().fill('');
  await rest(all - 2).waitFor();
  await form.saved();
});

test('one column at a time stands on the cards: who signs, then the scores', async () => {
  const { page } = trainer;
  const all = await cards().count();
  const [signs, other, absent] = ['Hồ Thị Cam', 'Nguyễn Thị Mận 150', 'Lê Văn Bưởi'];
  await card(other).scrollIntoViewIfNeeded();
  await card(other).locator('.card-answer').click();
  await card(other).locator('.card-answer').getByText('Có mặt').waitFor();
  await form.goTo('Thông tin chung');
  await form.choose('co_kt', 'co', 'Có');
  await form.goTo('học viên');
  await until('all are there', async () => (await cards().count()) === all);
  const column = page.getByLabel('Cột đang ghi');
  await column.selectOption({ label: 'Chữ ký' });
  await card(signs).scrollIntoViewIfNeeded();
  await card(signs).getByRole('button', { name: `${signs} · Chữ ký: Ký` }).press('Enter');
  await form.scribble();
  await page.getByRole('button', { name: 'Dùng chữ ký này' }).click();
  await card(signs).locator('.card-answer').getByText('Đã ký').waitFor();
  assert.equal(await card(absent).locator('.card-answer').count(), 0, 'whoever is absent signs nothing');
  await trainer.screenshot('roster-signing');
  assert.deepEqual(await faults(trainer, 'signatures on the cards'), []);
  await column.selectOption({ label: 'Điểm sau tập huấn' });
  const field = (name) => card(name).locator('.card-number input');
  await field(other).fill('8');
  await field(other).press('Enter');
  await until('the next has the focus', () => field(signs).evaluate((input) => input === document.activeElement));
  await page.keyboard.type('7');
  await trainer.screenshot('roster-scores');
  assert.deepEqual(await faults(trainer, 'scores on the cards'), []);
  await column.selectOption({ index: 0 });
  await openCard(signs);
  assert.equal(await form.question('hv_sau').locator('input').inputValue(), '7');
  await form.question('hv_ky').locator('img').first().waitFor();
  await form.closeRow();
  await form.saved();
});

test('an undo that is pressed after its form was opened again says that it comes too late', async () => {
  const { page } = trainer;
  form = await phone.begin('lk_lop_tap_huan');
  await form.goTo('học viên');
  await page.getByRole('button', { name: 'Dán danh sách' }).click();
  const sheet = page.getByRole('dialog').filter({ visible: true });
  await sheet.getByLabel('Họ và tên (mỗi dòng một tên)').fill('Lê Thị Muộn');
  await sheet.getByRole('button', { name: 'Thêm 1' }).click();
  await card('Lê Thị Muộn').waitFor();
  await form.saved();
  await page.getByRole('button', { name: 'Ra khỏi phiếu' }).click();
  await page.locator('.today').waitFor();
  await page.goBack();
  form = await new FormPage(page).ready();
  await page.locator('.toast').getByRole('button', { name: 'Hoàn tác' }).click();
  await page.locator('.toast').getByText('Không hoàn tác được nữa: phiếu đã đóng').waitFor();
  await form.goTo('học viên');
  await card('Lê Thị Muộn').waitFor();
});
