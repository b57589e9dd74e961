// The frame: signing in, going to a screen, the line on top.
import { PASSWORD } from '../harness/server.mjs';
import { FormPage } from './form.mjs';
import { until } from '../harness/until.mjs';

export class App {
  constructor(device, server) {
    this.device = device;
    this.url = server.url;
  }

  get page() {
    return this.device.page;
  }

  /** Opens a screen by its address, as a tap on the installed app's icon does. */
  async open(path = '/') {
    await this.page.goto(`${this.url}${path}`, { waitUntil: 'domcontentloaded' });
  }

  async signIn(name, password = PASSWORD) {
    await this.open('/');
    await this.enter(name, password);
  }

  /** Name and password on the screen that asks for them. */
  async enter(name, password = PASSWORD) {
    await this.page.locator('input[name="name"]').fill(name);
    await this.page.locator('input[type="password"]').fill(password);
    await this.page.getByRole('button', { name: 'Đăng nhập', exact: true }).click();
    await this.page.getByRole('navigation').first().waitFor();
  }

  /** Waits until everything that work without a network needs is on the device: the app itself, and every form. */
  async readyForOffline() {
    await until('the service worker controls the page', () =>
      this.page.evaluate(async () => {
        const registration = await navigator.serviceWorker.getRegistration();
        return Boolean(registration?.active);
      }),
    );
    await this.page.locator('[data-forms-held="true"]').first().waitFor({ state: 'attached' });
  }

  /** Begins a record of a form and waits until it can be filled. */
  async begin(form) {
    await this.open(`/fill/${form}`);
    return new FormPage(this.page).ready();
  }

  /** After a cold start: in the form by itself. */
  async backInForm() {
    return new FormPage(this.page).ready();
  }

  async allSent() {
    await this.page.locator('[data-unsent="0"]').first().waitFor({ state: 'attached' });
  }
}
