/**
 * What keys and values of metadata may be, for bodies and for label selectors alike. Each function gives Cloud
 * Controller's words for the first fault (MetadataValidatorHelper), or undefined.
 */
const longestName = 63;
const longestPrefix = 253;
const longestAnnotation = 5000;
const dnsName =
  /^(([a-z0-9]|[a-z0-9][a-z0-9-]{0,61}[a-z0-9])\.)+([a-z0-9]|[a-z0-9][a-z0-9-]{0,61}[a-z0-9])$/i;

export function keyFault(key: string): string | undefined {
  if (key.trim() === "") return "key cannot be empty string";
  const parts = key.split("/");
  if (parts.length > 2) return "key has more than one '/'";
  const prefix = parts.length === 2 ? parts[0] : undefined;
  const fault = prefix === undefined ? undefined : prefixFault(prefix);
  return fault ?? nameFault(parts.at(-1) ?? "");
}

function prefixFault(prefix: string): string | undefined {
  if (!dnsName.test(prefix)) return `prefix '${prefix}' must be in valid dns format`;
  if (prefix.length > longestPrefix) {
    return `prefix '${prefix.slice(0, 8)}...' is greater than ${longestPrefix} characters`;
  }
  if (prefix.toLowerCase() === "cloudfoundry.org") return "prefix 'cloudfoundry.org' is reserved";
  return undefined;
}

function nameFault(name: string): string | undefined {
  return name.trim() === "" ? "key cannot be empty string" : textFault(name);
}

export function labelValueFault(value: string): string | undefined {
  return value === "" ? undefined : textFault(value);
}

function textFault(text: string): string | undefined {
  if (/[^\w.-]/.test(text)) return `'${text}' contains invalid characters`;
  if (!/^[A-Za-z0-9](.*[A-Za-z0-9])?$/.test(text)) {
    return `'${text}' starts or ends with invalid characters`;
  }
  if (text.length > longestName) {
    return `'${text.slice(0, 8)}...' is greater than ${longestName} characters`;
  }
  return undefined;
}

export function annotationValueFault(value: string): string | undefined {
  return value.length > longestAnnotation
    ? `'${value.slice(0, 8)}...' is greater than ${longestAnnotation} characters`
    : undefined;
}
