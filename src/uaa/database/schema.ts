/** UAA's tables. Times are milliseconds since the epoch. */
export interface UaaSchema {
  users: UsersTable;
  userGroups: UserGroupsTable;
  sessions: SessionsTable;
  loginFailures: LoginFailuresTable;
  signingKeys: SigningKeysTable;
  oauthClients: OauthClientsTable;
  oneTimeCodes: OneTimeCodesTable;
  webSessions: WebSessionsTable;
  groups: GroupsTable;
  configuredPasswords: ConfiguredPasswordsTable;
}

interface UsersTable {
  guid: string;
  userName: string;
  /** Lower case; with the origin unique. */
  userNameKey: string;
  origin: string;
  email: string;
  givenName: string;
  familyName: string;
  passwordHash: string;
  version: number;
  createdAt: number;
  updatedAt: number;
  passwordChangedAt: number;
  /** 0 or 1, as the next. */
  isActive: number;
  isVerified: number;
}

interface UserGroupsTable {
  userGuid: string;
  name: string;
}

interface SessionsTable {
  guid: string;
  /** SHA-256 of the refresh token, base64url: the token itself is nowhere. */
  refreshTokenHash: string;
  userGuid: string;
  clientId: string;
  /** Separated by spaces. */
  scopes: string;
  /** That opened it. */
  grantType: string;
  authenticatedAt: number;
  expiresAt: number;
}

interface LoginFailuresTable {
  userNameKey: string;
  failures: number;
  firstAt: number;
  lastAt: number;
}

interface SigningKeysTable {
  kid: string;
  /** PKCS #8, PEM. */
  privateKey: string;
  createdAt: number;
  signsFrom: number;
}

interface OauthClientsTable {
  clientId: string;
  /** Empty for a public client. */
  secretHash: string;
  /** Lists are separated by spaces: none of their words holds one. */
  grantTypes: string;
  scopes: string;
  authorities: string;
  redirectUris: string;
  /** `*` for all. */
  autoApprove: string;
  /** Seconds. */
  accessTokenValidity: number;
  refreshTokenValidity: number;
  allowPublic: number;
  name: string | null;
  /** JSON: a JWK set. */
  jwks: string | null;
  /** Part of what the client's own tokens are checked against: a new one ends them all. */
  tokenSalt: string;
  updatedAt: number;
}

interface OneTimeCodesTable {
  /** SHA-256, base64url: the code itself is nowhere. */
  codeHash: string;
  purpose: string;
  userGuid: string;
  /** JSON. */
  content: string;
  expiresAt: number;
}

interface WebSessionsTable {
  /** SHA-256, base64url, of the cookie. */
  tokenHash: string;
  userGuid: string;
  authenticatedAt: number;
  expiresAt: number;
}

interface GroupsTable {
  guid: string;
  name: string;
  description: string;
  version: number;
  createdAt: number;
  updatedAt: number;
}

interface ConfiguredPasswordsTable {
  userGuid: string;
  passwordHash: string;
}
