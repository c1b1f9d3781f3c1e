/** The command lines of running processes in which a text occurs (Linux); zombies have none. */
export async function commandLinesWith(text: string): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const { line } of await processes()) {
    if (line.includes(text)) lines.push(line);
  }
  return lines;
}

/** The addresses, as `/proc/net` writes them, on which processes listen whose command line holds a text (Linux). */
export async function listenAddressesOf(text: string): Promise<readonly string[]> {
  const sockets = new Set<string>();
  for (const { id, line } of await processes()) {
    if (line.includes(text)) { for (const inode of await socketInodes(id)) sockets.add(inode); }
  }
  const addresses: string[] = [];
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const row of (await Deno.readTextFile(table)).trim().split("\n").slice(1)) {
      const [, local = "", , state, , , , , , inode = ""] = row.trim().split(/\s+/);
      const LISTENING = "0A";
      if (state === LISTENING && sockets.has(inode)) addresses.push(local);
    }
  }
  return addresses;
}

async function processes(): Promise<readonly { id: string; line: string }[]> {
  const found: { id: string; line: string }[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const line = await unlessGone(() => Deno.readTextFile(`/proc/${name}/cmdline`));
    if (line) found.push({ id: name, line: line.replaceAll("\0", " ").trim() });
  }
  return found;
}

async function socketInodes(id: string): Promise<readonly string[]> {
  const inodes: string[] = [];
  for await (const { name } of Deno.readDir(`/proc/${id}/fd`)) {
    const link = await unlessGone(() => Deno.readLink(`/proc/${id}/fd/${name}`));
    const inode = link?.match(/^socket:\[(\d+)\]$/)?.[1];
    if (inode !== undefined) inodes.push(inode);
  }
  return inodes;
}

// A process may end, and a file be closed, between the listing and the look.
async function unlessGone(read: () => Promise<string>): Promise<string | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || isGone(error)) return undefined;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && error.message.includes("ESRCH") ||
    error instanceof Error && error.message.includes("No such process");
}
