/** What the command line of Tinkerbell 0.2 to 0.8 calls about templates. */
import type { Template, Templates } from '../../workflows/templates.ts';
import type { TEMPLATE_METHODS, WorkflowTemplate } from './messages/template.ts';
import { timestamp } from './messages/timestamp.ts';
import type { MessageOf, Sendable } from './protobuf/message.ts';
import type { Handlers } from './protobuf/service.ts';
import { GrpcError } from './status.ts';

/** The calls of TemplateService. */
export function templateCalls(templates: Templates): Handlers<typeof TEMPLATE_METHODS> {
  return {
    async CreateTemplate({ data }) {
      // The name is that in the YAML, as with the later of the old servers.
      return { id: (await templates.create(data)).id };
    },
    async GetTemplate(request) {
      return present(templates.find(referenceOf(request)));
    },
    async DeleteTemplate(request) {
      await templates.delete(referenceOf(request));
      return {};
    },
    async *ListTemplates({ name }) {
      const wanted = name ? matcher(name) : () => true;
      for (const template of await templates.list())
        if (wanted(template.name)) yield { ...present(template), data: '' };
    },
    async UpdateTemplate({ id, name, data }) {
      await templates.update(referenceOf({ id, name }), data);
      return {};
    },
  };
}

function referenceOf({ id, name }: { id: string | undefined; name: string | undefined }): string {
  const reference = id || name;
  if (!reference) throw new GrpcError('INVALID_ARGUMENT', 'the id or the name of a template is missing');
  return reference;
}

/** `*` stands for any text, and case does not count: SQL's ILIKE, as it was. */
function matcher(pattern: string): (name: string) => boolean {
  const parts = pattern.toLowerCase().split('*');
  const last = parts.length - 1;
  return (given) => {
    const name = given.toLowerCase();
    if (last === 0) return name === pattern.toLowerCase();
    let at = 0;
    for (const [i, part] of parts.entries()) {
      const found = i === last ? Math.max(at, name.length - part.length) : name.indexOf(part, at);
      if (found === -1 || (i === 0 && found !== 0) || !name.startsWith(part, found)) return false;
      at = found + part.length;
    }
    return true;
  };
}

function present({ id, name, data, createdAt, updatedAt }: Template): Sendable<MessageOf<typeof WorkflowTemplate>> {
  return { id, name, data, created_at: timestamp(createdAt), updated_at: timestamp(updatedAt) };
}
