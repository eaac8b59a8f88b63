/** Who makes a request, by the claims of the token. */
export interface AuthContext {
  /** The client's id where it speaks for itself (client_credentials): it has roles like a user. */
  readonly userGuid: string;
  readonly isClient: boolean;
  readonly userName: string;
  readonly email: string;
  readonly origin: string;
  readonly scopes: ReadonlySet<string>;
  readonly isAdmin: boolean;
  readonly isAdminReadOnly: boolean;
  readonly isGlobalAuditor: boolean;
}

/** Who an audit event names as its actor. */
export interface Actor {
  readonly guid: string;
  readonly type: "user" | "process" | "app" | "system";
  readonly name: string;
}

export function actorOf(auth: AuthContext): Actor {
  return { guid: auth.userGuid, type: "user", name: auth.email || auth.userName };
}

export function mayRead(auth: AuthContext): boolean {
  return (
    auth.isAdmin ||
    auth.isAdminReadOnly ||
    auth.isGlobalAuditor ||
    auth.scopes.has("cloud_controller.read")
  );
}

/** A stager that is not Diego tells with it how a build has ended. */
export function mayUpdateBuildState(auth: AuthContext): boolean {
  return auth.isAdmin || auth.scopes.has("cloud_controller.update_build_state");
}

export function mayWrite(auth: AuthContext): boolean {
  return auth.isAdmin || auth.scopes.has("cloud_controller.write");
}
