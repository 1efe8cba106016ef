/** Package github.com.tinkerbell.tink.protos.template */
import { message, one, oneOf, text } from '../protobuf/message.ts';
import { streaming, unary } from '../protobuf/service.ts';
import { Timestamp } from './timestamp.ts';

export const Empty = message('Empty', {});

export const WorkflowTemplate = message('WorkflowTemplate', {
  id: text(1),
  name: text(2),
  created_at: one(4, Timestamp),
  updated_at: one(5, Timestamp),
  deleted_at: one(6, Timestamp),
  data: text(7),
});
export const CreateResponse = message('CreateResponse', { id: text(1) });
export const GetRequest = message('GetRequest', { id: oneOf('get_by', text(1)), name: oneOf('get_by', text(2)) });
export const ListRequest = message('ListRequest', { name: oneOf('filter_by', text(1)) });

export const TEMPLATE_METHODS = {
  CreateTemplate: unary(WorkflowTemplate, CreateResponse),
  GetTemplate: unary(GetRequest, WorkflowTemplate),
  DeleteTemplate: unary(GetRequest, Empty),
  ListTemplates: streaming(ListRequest, WorkflowTemplate),
  UpdateTemplate: unary(WorkflowTemplate, Empty),
};
