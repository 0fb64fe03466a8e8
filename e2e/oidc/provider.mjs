// An OpenID provider with people, groups and programs made up: `node provider.mjs PORT REDIRECT_URI AUDIENCE`.
// It says `ready` on stdout. The line `rotate` on stdin replaces its key, and it says `rotated`.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import Provider from 'oidc-provider';

const [port, redirectUri, audience] = process.argv.slice(2);
const GROUPS = { ana: ['sre'], eve: ['guests'] };
let generation = 0;

function key() {
  generation += 1;
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: `key-${generation}`, use: 'sig', alg: 'RS256' };
}

function provider() {
  return new Provider(`http://127.0.0.1:${port}`, {
    clients: [
      {
        client_id: 'aiops',
        client_secret: 'a secret: with + and %',
        redirect_uris: [redirectUri],
        post_logout_redirect_uris: [redirectUri.replace('/sign-in/oidc/callback', '/sign-in')],
      },
      {
        client_id: 'deployer',
        client_secret: 'of-the-deployer',
        redirect_uris: [],
        response_types: [],
        grant_types: ['client_credentials'],
      },
    ],
    jwks: { keys: [key()] },
    cookies: { keys: ['only for tests'] },
    claims: { openid: ['sub'], profile: ['preferred_username'], groups: ['groups'] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, preferred_username: id, groups: GROUPS[id] ?? [] }),
    }),
    extraTokenClaims: (_, token) => (token.kind === 'ClientCredentials' ? { groups: ['robots'] } : undefined),
    features: {
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: 'api', audience, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  });
}

let handle = provider().callback();
createServer((request, response) => handle(request, response)).listen(Number(port), '127.0.0.1', () => {
  console.log('ready');
});
createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'rotate') {
    handle = provider().callback();
    console.log('rotated');
  }
}).on('close', () => process.exit(0));
