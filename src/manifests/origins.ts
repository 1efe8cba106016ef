/** What documents called the objects that were made of them, so that the same document finds the same object again. */
import type { Store, Transaction } from '../store/store.ts';
import { KINDS, type Kind, type Origin } from './identity.ts';

/** An origin as it is kept. */
export interface KeptOrigin extends Origin {
  /** Of a workflow's document: the hardware that `.hardware` is in its template. */
  hardwareRef?: string;
}

const PREFIX = 'origin/';
const keyOf = (kind: Kind, id: string): string => `${PREFIX}${kind}/${id}`;

/** All origins, as they were when they were read. */
export interface Origins {
  of(kind: Kind, id: string): KeptOrigin | undefined;
  /** The id of what was made of the document with these names. */
  idOf(kind: Kind, namespace: string, name: string): string | undefined;
  /** The ids of all that have this name, in any namespace. */
  named(kind: Kind, name: string): string[];
}

/** Reads all that is kept of origins. */
export async function readOrigins(store: Store): Promise<Origins> {
  const byId = new Map<string, KeptOrigin>();
  const byName = new Map<string, string>();
  for await (const [key, origin] of store.range<KeptOrigin>(PREFIX)) {
    byId.set(key, origin);
    const kind = KINDS.find((each) => key.startsWith(keyOf(each, '')));
    if (kind !== undefined) {
      byName.set(`${kind}/${origin.namespace}/${origin.name}`, key.slice(keyOf(kind, '').length));
    }
  }
  return {
    of: (kind, id) => byId.get(keyOf(kind, id)),
    idOf: (kind, namespace, name) => byName.get(`${kind}/${namespace}/${name}`),
    named: (kind, name) =>
      [...byId].flatMap(([key, origin]) => {
        return origin.name === name && key.startsWith(keyOf(kind, '')) ? [key.slice(keyOf(kind, '').length)] : [];
      }),
  };
}

/** Keeps an object's origin, in a change. */
export function putOrigin(transaction: Transaction, kind: Kind, id: string, origin: KeptOrigin): void {
  transaction.put(keyOf(kind, id), origin);
}
