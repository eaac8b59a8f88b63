/**
 * Where a route answers: `my-app.apps.localhost:8080/path`. Routes are hostile text as much as any: a wrong one leads
 * nowhere instead of to another scheme.
 */
export function routeAddress(route: string, port: string | undefined): string {
  const slash = route.indexOf("/");
  const host = slash === -1 ? route : route.slice(0, slash);
  const path = slash === -1 ? "/" : route.slice(slash);
  const hasPort = /:\d+$/.test(host);
  const url = URL.parse(`http://${host}${port === undefined || hasPort ? "" : `:${port}`}${path}`);
  return url === null ? "#/" : url.href;
}
