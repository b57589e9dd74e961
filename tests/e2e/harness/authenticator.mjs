// An authenticator inside the browser, as Windows Hello, Touch ID or a phone's screen lock is one: it keeps passkeys and knows its person.

export class Authenticator {
  #session;
  #id;

  /** Puts one into a device's page. It stays as long as the page is at that site. */
  static async in(device) {
    const authenticator = new Authenticator();
    authenticator.#session = await device.context.newCDPSession(device.page);
    await authenticator.#session.send('WebAuthn.enable', { enableUI: false });
    const options = {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    };
    const added = await authenticator.#session.send('WebAuthn.addVirtualAuthenticator', { options });
    authenticator.#id = added.authenticatorId;
    return authenticator;
  }

  /** Whether it knows the finger that touches it. */
  async knows(isUserVerified) {
    await this.#session.send('WebAuthn.setUserVerified', { authenticatorId: this.#id, isUserVerified });
  }

  async keys() {
    return (await this.#session.send('WebAuthn.getCredentials', { authenticatorId: this.#id })).credentials;
  }

  /** What somebody who copied a key, or put an old copy of the machine back, makes of its count. */
  async countBack() {
    const [key] = await this.keys();
    await this.#session.send('WebAuthn.removeCredential', { authenticatorId: this.#id, credentialId: key.credentialId });
    await this.#session.send('WebAuthn.addCredential', { authenticatorId: this.#id, credential: { ...key, signCount: 0 } });
    return key.signCount;
  }

  async forget() {
    await this.#session.send('WebAuthn.clearCredentials', { authenticatorId: this.#id });
  }
}
