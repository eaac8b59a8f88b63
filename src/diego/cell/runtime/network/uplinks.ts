/** Interfaces over which the host reaches any of the addresses, by `/proc/net/route`'s text; the default route's always. */
export function uplinksOf(routeTable: string, addresses: readonly string[]): readonly string[] {
  const routes = routeTable
    .trim()
    .split("\n")
    .slice(1)
    .flatMap((line) => parseRoute(line));
  const wanted = [0, ...addresses.map(addressToNumber)];
  const interfaces = wanted.flatMap((address) => {
    const matching = routes.filter(
      // `>>> 0`: JavaScript's `&` gives signed numbers.
      (route) => (address & route.mask) >>> 0 === route.destination,
    );
    const best = matching.sort((a, b) => b.mask - a.mask).at(0);
    return best === undefined || best.interfaceName === "lo" ? [] : [best.interfaceName];
  });
  return [...new Set(interfaces)];
}

function parseRoute(line: string): { interfaceName: string; destination: number; mask: number }[] {
  const fields = line.split("\t");
  const [interfaceName, destination] = fields;
  const mask = fields[7];
  if (interfaceName === undefined || destination === undefined || mask === undefined) return [];
  return [{ interfaceName, destination: littleEndian(destination), mask: littleEndian(mask) }];
}

function littleEndian(hex: string): number {
  return Buffer.from(hex, "hex").readUInt32LE();
}

function addressToNumber(address: string): number {
  return Buffer.from(address.split("/")[0]?.split(".").map(Number) ?? []).readUInt32BE();
}
