/**
 * An identity provider on 127.0.0.1: `node provider.mjs '{"port": ..., "back": ..., "after": ..., "people": {...}}'`.
 *
 * `people` are the claims of everybody by login; any password is right. PKCE is required, as this provider does by
 * default. `secret` is that of the client `kyphometer`; without one it is a public client.
 */
import { Provider } from 'oidc-provider';

const { port, back, after, people, secret } = JSON.parse(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;
const claims = (login) => ({ sub: `id-of-${login}`, ...people[login] });

const provider = new Provider(issuer, {
  clients: [{
    client_id: 'kyphometer',
    ...(secret ? { client_secret: secret } : { token_endpoint_auth_method: 'none' }),
    redirect_uris: [back],
    post_logout_redirect_uris: [after],
  }],
  claims: { openid: ['sub'], profile: ['preferred_username', 'name', 'groups'], email: ['email', 'email_verified'] },
  findAccount: (_, login) => ({ accountId: login, claims: () => claims(login) }),
  pkce: { required: () => true },
  features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
  cookies: { keys: ['only for tests'] },
});
provider.listen(port, '127.0.0.1', () => console.log('ready'));
