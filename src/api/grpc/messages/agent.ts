/** Package proto as the newest Tinkerbell has it: an agent asks for one action at a time. */
import { choice, enumeration, int64, type MessageOf, many, message, one, text, uint32 } from '../protobuf/message.ts';
import { unary } from '../protobuf/service.ts';
import { Timestamp } from './timestamp.ts';

const Processor = message('Processor', {
  id: uint32(1),
  cores: uint32(2),
  threads: uint32(3),
  vendor: text(4),
  model: text(5),
  capabilities: many(text(6)),
});
const CPU = message('CPU', {
  total_cores: uint32(1),
  total_threads: uint32(2),
  processors: many(one(3, Processor)),
});
const Memory = message('Memory', { total: text(1), usable: text(2) });
const Block = message('Block', {
  name: text(1),
  controller_type: text(2),
  drive_type: text(3),
  size: text(4),
  physical_block_size: text(5),
  vendor: text(6),
  model: text(7),
  wwn: text(8),
  serial_number: text(9),
});
const Network = message('Network', {
  name: text(1),
  mac: text(2),
  speed: text(3),
  enabled_capabilities: many(text(4)),
});
const PCI = message('PCI', { vendor: text(1), product: text(2), class: text(3), driver: text(4) });
const GPU = message('GPU', { vendor: text(1), product: text(2), class: text(3), driver: text(4) });
const Chassis = message('Chassis', { serial: text(1), vendor: text(2) });
const BIOS = message('BIOS', { vendor: text(1), version: text(2), release_date: text(3) });
const Baseboard = message('Baseboard', { vendor: text(1), product: text(2), version: text(3), serial_number: text(4) });
const Product = message('Product', { name: text(1), vendor: text(2), serial_number: text(3) });

const AgentAttributes = message('AgentAttributes', {
  cpu: one(1, CPU),
  memory: one(2, Memory),
  block: many(one(3, Block)),
  network: many(one(4, Network)),
  pci: many(one(5, PCI)),
  gpu: many(one(6, GPU)),
  chassis: one(7, Chassis),
  bios: one(8, BIOS),
  baseboard: one(9, Baseboard),
  product: one(10, Product),
});

const Namespaces = message('Namespaces', { network: text(1), pid: text(2) });
const ActionMessage = message('ActionMessage', { message: text(1) });

export const StateType = enumeration('StateType', {
  UNSPECIFIED: 0,
  PENDING: 1,
  RUNNING: 2,
  FAILED: 3,
  TIMEOUT: 4,
  SUCCESS: 5,
});

export const ActionRequest = message('ActionRequest', { agent_id: text(1), agent_attributes: one(2, AgentAttributes) });
export const ActionResponse = message('ActionResponse', {
  workflow_id: text(1),
  task_id: text(2),
  agent_id: text(3),
  action_id: text(4),
  name: text(5),
  image: text(6),
  timeout: int64(7),
  command: many(text(8)),
  volumes: many(text(9)),
  environment: many(text(10)),
  pid: text(11),
  namespaces: one(12, Namespaces),
});
export type ActionResponse = MessageOf<typeof ActionResponse>;
export const ActionStatusRequest = message('ActionStatusRequest', {
  workflow_id: text(1),
  agent_id: text(2),
  task_id: text(3),
  action_id: text(4),
  action_name: text(5),
  action_state: choice(6, StateType),
  execution_start: one(7, Timestamp),
  execution_stop: one(8, Timestamp),
  execution_duration: text(9),
  message: one(10, ActionMessage),
});
export const ActionStatusResponse = message('ActionStatusResponse', {});

export const AGENT_PARTS = [
  Processor,
  CPU,
  Memory,
  Block,
  Network,
  PCI,
  GPU,
  Chassis,
  BIOS,
  Baseboard,
  Product,
  AgentAttributes,
  Namespaces,
  ActionMessage,
];

export const AGENT_METHODS = {
  GetAction: unary(ActionRequest, ActionResponse),
  ReportActionStatus: unary(ActionStatusRequest, ActionStatusResponse),
};
