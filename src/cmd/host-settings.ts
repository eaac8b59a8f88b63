import { existsSync, readFileSync } from "node:fs";

/** What the host's network asks of a program that fetches packages. */
export interface HostSettings {
  /** A file of PEM certificates that the host's own programs trust, or undefined. */
  readonly caBundle: string | undefined;
  readonly dnsServers: readonly string[];
  /** `http_proxy` and the like, in both spellings as found. */
  readonly proxies: Readonly<Record<string, string>>;
  /** The locale of the stack, which is the host's: en_US.UTF-8 where the host has it, else C.UTF-8. */
  readonly lang: string;
  /** Settings of npm and pip that came by environment variables. */
  readonly packageClients: Readonly<Record<string, string>>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Where staging containers find the bundle: the stack has the host's under this name. */
export const caBundleInContainer = "/etc/ssl/certs/ca-certificates.crt";

const proxyNames = ["http_proxy", "https_proxy", "no_proxy", "all_proxy"].flatMap((name) => [
  name,
  name.toUpperCase(),
]);

const caNames = [
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_FILE",
  "REQUESTS_CA_BUNDLE",
  "CURL_CA_BUNDLE",
  "PIP_CERT",
  "GIT_SSL_CAINFO",
  "npm_config_cafile",
];

const packageClientNames = [
  "npm_config_registry",
  "NPM_CONFIG_REGISTRY",
  "PIP_INDEX_URL",
  "PIP_EXTRA_INDEX_URL",
  "PIP_TRUSTED_HOST",
  "UV_INDEX_URL",
  "GOPROXY",
];

export function detectHostSettings(env: Environment): HostSettings {
  return {
    caBundle: caNames
      .map((name) => env[name])
      .find((file) => file !== undefined && existsSync(file)),
    dnsServers: nameservers(readIfThere("/run/systemd/resolve/resolv.conf", "/etc/resolv.conf")),
    proxies: pick(env, proxyNames),
    packageClients: pick(env, packageClientNames),
    lang: hasLocale("en_US.utf8") ? "en_US.UTF-8" : "C.UTF-8",
  };
}

/** In glibc's archive of locales, or in a folder of its own. */
function hasLocale(name: string): boolean {
  const archive = "/usr/lib/locale/locale-archive";
  return (
    existsSync(`/usr/lib/locale/${name}`) ||
    (existsSync(archive) && readFileSync(archive).includes(`${name}\0`))
  );
}

/**
 * The staging environment group that these settings ask for. The CA variables are set only where the host's own
 * environment has one: stacks in the field have none, and Node would warn of a file that adds nothing.
 */
export function stagingEnvironment(settings: HostSettings): Record<string, string> {
  const ca =
    settings.caBundle === undefined
      ? {}
      : Object.fromEntries(caNames.map((name) => [name, caBundleInContainer]));
  return { ...ca, ...settings.proxies, ...settings.packageClients };
}

/** One line a finding, for the person who starts the platform. */
export function describeHostSettings(settings: HostSettings): string[] {
  const lines: string[] = [];
  if (settings.caBundle !== undefined) lines.push(`CA bundle ${settings.caBundle}`);
  const proxies = [...new Set(Object.keys(settings.proxies).map((name) => name.toLowerCase()))];
  if (proxies.length > 0) lines.push(`proxy by ${proxies.join(", ")}`);
  if (settings.dnsServers.length > 0) lines.push(`DNS ${settings.dnsServers.join(", ")}`);
  const clients = Object.keys(settings.packageClients);
  if (clients.length > 0) lines.push(`package clients by ${clients.join(", ")}`);
  return lines;
}

/** The hosts that containers must reach besides the public internet: the proxies, as `host:port`. */
export function proxyAddresses(settings: HostSettings): string[] {
  const addresses = Object.entries(settings.proxies)
    .filter(([name]) => name.toLowerCase() !== "no_proxy")
    .flatMap(([, value]) => {
      const text = value.includes("://") ? value : `http://${value}`;
      if (!URL.canParse(text)) return [];
      const url = new URL(text);
      return [`${url.hostname}:${url.port || (url.protocol === "https:" ? "443" : "80")}`];
    });
  return [...new Set(addresses)];
}

function nameservers(resolvConf: string): string[] {
  return [...resolvConf.matchAll(/^\s*nameserver\s+(\S+)/gm)].flatMap(([, address]) =>
    address === undefined ? [] : [address],
  );
}

function readIfThere(...files: string[]): string {
  const file = files.find((candidate) => existsSync(candidate));
  return file === undefined ? "" : readFileSync(file, "utf8");
}

function pick(env: Environment, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = env[name];
      return value === undefined || value === "" ? [] : [[name, value]];
    }),
  );
}
