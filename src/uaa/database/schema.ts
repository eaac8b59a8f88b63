/** UAA's tables. Times are milliseconds since the epoch. */
export interface UaaSchema {
  users: UsersTable;
  userGroups: UserGroupsTable;
  sessions: SessionsTable;
  loginFailures: LoginFailuresTable;
  signingKeys: SigningKeysTable;
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
}
