type Variables = Readonly<Record<string, string>>;

/**
 * The staging group with what the host's network asks for (proxies, certificates), at a start of the platform.
 * `before` is what the host gave at the last start: what somebody has changed or taken out of the group since stays so,
 * and what the host no longer gives goes if nobody has touched it.
 */
export function withHostVariables(
  group: Variables,
  host: { readonly before: Variables; readonly now: Variables },
): Variables {
  const untouched = Object.entries(group).filter(
    ([name, value]) => !(name in host.before && host.before[name] === value),
  );
  const given = Object.entries(host.now).filter(([name]) => {
    const wasTakenOut = name in host.before && !(name in group);
    return !wasTakenOut;
  });
  // Last come the operator's own, so a changed value wins over the host's.
  return Object.fromEntries([...given, ...untouched]);
}
