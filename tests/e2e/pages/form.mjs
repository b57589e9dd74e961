// An open form, driven as a person does: by what is on the screen.
import assert from 'node:assert/strict';
import { until } from '../harness/until.mjs';

export class FormPage {
  constructor(page) {
    this.page = page;
  }

  async ready() {
    await this.page.locator('[data-form-ready]').waitFor();
    return this;
  }

  /** A question by its name in the form; in an open row of a repeat, the one of that row. */
  question(name) {
    return this.page.locator(`[data-q="${name}"]`);
  }

  async type(name, text) {
    const field = this.question(name).locator('input:visible, textarea:visible').first();
    await field.fill(text);
    await field.blur();
  }

  /** Picks by value: a radio or a tick on the page, else a row of the sheet that the question opens. */
  async choose(name, value, label) {
    const question = this.question(name);
    const direct = question.locator(`input[value="${value}"]`);
    if (await direct.count()) {
      await question.locator('label.choice').filter({ has: this.page.locator(`input[value="${value}"]`) }).click();
      return;
    }
    await question.locator('.choose-button').click();
    const sheet = this.page.getByRole('dialog').filter({ visible: true });
    const search = sheet.locator('input[type="search"]');
    if (await search.count()) await search.fill(label);
    const choice = sheet.locator('.choice-row').filter({ hasText: label }).first();
    await choice.waitFor();
    assert.ok(await choice.evaluate((row) => row.scrollHeight <= row.clientHeight), `${label} is not cut off`);
    await choice.click();
    const done = sheet.getByRole('button', { name: 'Xong' });
    if (await done.count()) await done.click();
  }

  async confirm(name) {
    await this.question(name).locator('label.choice').click();
  }

  async photograph(name, file) {
    await this.question(name).locator('input[type="file"]').first().setInputFiles(file);
    await this.question(name).locator('img').first().waitFor();
  }

  /** Opens the paper of a question and draws on it; the paper. */
  async draw(name) {
    // By the key: far down a page that was never seen, what comes into view takes its true height between the mouse's press and its release.
    await this.question(name).getByRole('button').first().press('Enter');
    return this.scribble();
  }

  /** Draws on the paper that is open; the paper. */
  async scribble() {
    const pad = this.page.locator('canvas.signature-pad:visible');
    await pad.waitFor();
    const box = await pad.boundingBox();
    const { mouse } = this.page;
    await mouse.move(box.x + 20, box.y + box.height / 2);
    await mouse.down();
    for (let step = 1; step <= 8; step += 1) {
      await mouse.move(box.x + 20 + step * 20, box.y + box.height / 2 + (step % 2 ? -25 : 25));
    }
    await mouse.up();
    return pad;
  }

  async sign(name) {
    await this.draw(name);
    await this.page.getByRole('button', { name: 'Dùng chữ ký này' }).click();
    await this.question(name).locator('img').first().waitFor();
  }

  async locate(name) {
    await this.question(name).getByRole('button', { name: 'Lấy vị trí' }).click();
    await this.question(name).locator('.geopoint-value').waitFor();
  }

  async addRow(repeat) {
    const rows = this.page.locator(`[data-repeat="${repeat}"] .row-card`);
    const before = await rows.count();
    await this.page.locator(`[data-repeat="${repeat}"]`).getByRole('button', { name: /^Thêm/ }).last().click();
    await until('the row appears', async () => (await rows.count()) === before + 1);
  }

  /** The row that a form starts with, open as long as it is empty. */
  async firstRow(repeat) {
    await this.page.locator(`[data-repeat="${repeat}"] .row-body`).waitFor();
  }

  async closeRow() {
    await this.page.locator('.row-body:visible').getByRole('button', { name: 'Xong', exact: true }).click();
  }

  heading() {
    return this.page.locator('.form-page h1').innerText();
  }

  /** On to the next page, even past what is still wrong on this one. */
  async next() {
    const before = await this.heading();
    const button = this.page.locator('.form-foot').getByRole('button', { name: /^(Tiếp|Xem lại|Về trang Xem lại)$/ });
    await button.click();
    if ((await this.heading()) === before && (await this.page.locator('.form-foot-note').count())) await button.click();
    await until('the next page shows', async () => (await this.heading()) !== before);
  }

  /** Back to the list of what is missing, from where it led. */
  async backToReview() {
    await this.page.locator('.form-foot').getByRole('button', { name: 'Về trang Xem lại', exact: true }).click();
    await this.page.locator('.review').waitFor();
  }

  async goTo(heading) {
    await this.page.locator('.page-button').click();
    await this.page.locator('.page-link').filter({ hasText: heading }).first().click();
  }

  /** True once everything on screen is on this device's disk. */
  async saved() {
    await this.page.locator('.save-line[data-save="saved"]').waitFor();
  }

  /** Beside the pages of the form. */
  async language(code) {
    await this.page.locator('.page-button').click();
    const choice = this.page.locator(`.form-head input[type="radio"][value*="(${code})"]`);
    // The radio lies over its label, so that a tap anywhere on it counts.
    await choice.check({ force: true });
    await this.page.keyboard.press('Escape');
    await choice.waitFor({ state: 'detached' });
  }
}
