/** The names under which GRUB, PXELINUX and iPXE look for what they are to do, and whom they mean by them. Pure. */
import { normaliseMac } from '../../machines/hardware.ts';

export interface ConfigName {
  loader: 'grub' | 'pxelinux' | 'autoexec';
  /** Whose it is by the name; else it is for whoever asks. */
  of: { mac: string } | { uuid: string } | { address: string } | 'asker';
}

const MAC = '(?<mac>[0-9a-f]{2}(?<mark>[:-])[0-9a-f]{2}(?:\\k<mark>[0-9a-f]{2}){4})';
/** A first folder that says which machine asks, as in the names of loaders. */
const FOLDER = new RegExp(`^${MAC}/+(?<rest>.+)$`, 'is');
/** GRUB (net_search_cfg of grub-core/net/net.c): by hardware type and address, by the IPv4 address in hex, and for all. */
const GRUB = /(?:^|\/)grub\.cfg(?:-(.+))?$/i;
/** PXELINUX's documentation, "Configuration": by the UUID, by hardware type and address, by the IPv4 address, for all. */
const PXELINUX = /(?:^|\/)pxelinux\.cfg\/([^/]+)$/i;
const AUTOEXEC = /(?:^|\/)autoexec\.ipxe$/i;

const BY_MAC = new RegExp(`^(?:01-)?${MAC}$`, 'i');
const BY_UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const BY_ADDRESS = /^[0-9a-f]{8}$/i;

/** What a name means; undefined for one that is none of these, or that is for a whole network. */
export function readConfigName(name: string): ConfigName | undefined {
  const path = name.replace(/^\/+/, '');
  const { mac: folder, rest = path } = FOLDER.exec(path)?.groups ?? {};
  const own = folder === undefined ? 'asker' : { mac: normaliseMac(folder) };
  if (AUTOEXEC.test(rest)) return { loader: 'autoexec', of: own };
  const grub = GRUB.exec(rest);
  const pxelinux = PXELINUX.exec(rest)?.[1];
  if (grub?.[1] === undefined && pxelinux === undefined) return grub ? { loader: 'grub', of: own } : undefined;
  const loader = grub ? 'grub' : 'pxelinux';
  const end = grub?.[1] ?? pxelinux ?? '';
  if (loader === 'pxelinux' && end === 'default') return { loader, of: own };
  const mac = BY_MAC.exec(end)?.groups?.mac;
  if (mac !== undefined) return { loader, of: { mac: normaliseMac(mac) } };
  if (BY_UUID.test(end)) return { loader, of: { uuid: end.toLowerCase() } };
  if (BY_ADDRESS.test(end)) return { loader, of: { address: [...Buffer.from(end, 'hex')].join('.') } };
  return undefined;
}
