export interface Link {
  readonly href: string;
  readonly method?: "POST" | "PATCH" | "PUT" | "DELETE";
}

/** Makes absolute links below the address by which clients reach the API. */
export class Links {
  readonly #externalUrl: string;

  constructor(externalUrl: string) {
    this.#externalUrl = externalUrl.replace(/\/+$/, "");
  }

  href(path: string): string {
    return `${this.#externalUrl}${path}`;
  }

  to(path: string): Link {
    return { href: this.href(path) };
  }

  action(method: NonNullable<Link["method"]>, path: string): Link {
    return { href: this.href(path), method };
  }
}

/** The form of a to-one relationship in a presented resource. */
export function relationTo(guid: string | null): {
  readonly data: { readonly guid: string } | null;
} {
  return { data: guid === null ? null : { guid } };
}

/** Cloud Controller shows whole seconds in UTC; we store milliseconds. */
export function presentTimestamp(stored: string): string {
  return stored.replace(/\.\d+Z$/, "Z");
}
