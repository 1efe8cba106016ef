/** Discovery as the API shows it. */
import { z } from 'zod';
import { inventory } from '../../inventory/inventory.ts';
import { discoveryRule } from '../../machines/discovery/rules.ts';
import { instant } from './page.ts';

export const discoveryRuleShown = discoveryRule.meta({ id: 'DiscoveryRule' });
export type DiscoveryRule = z.infer<typeof discoveryRuleShown>;

/** `GET machines/:reference/inventory` */
export const inventoryTold = z
  .object({ at: instant.describe('When it was told first as it is.'), inventory })
  .meta({ id: 'Inventory' });
export type InventoryTold = z.infer<typeof inventoryTold>;
