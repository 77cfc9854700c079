import { Button, Checkbox, Group, Select, Stack, TextInput } from '@mantine/core';
import { hasLength, isNotEmpty, useForm } from '@mantine/form';
import { FormFailure } from '../../components/FormFailure';
import { severityLabels } from '../../entities/incident';
import type { Severity } from '@owlpost/client';
import type { Webhook, WebhookTemplate } from '@owlpost/client/rest';
import { useServerForm } from '../../lib/useServerForm';
import { DEFAULT_EVENTS, splitPatternsOfEvents, templateLabels } from './webhookWords';

const templates = (Object.keys(templateLabels) as WebhookTemplate[]).map((value) => ({ value, label: templateLabels[value] }));

export interface WebhookValues {
  name: string;
  url: string;
  template: WebhookTemplate;
  events: string[];
  severities: Severity[];
}

const emptyValues: WebhookValues = { name: '', url: '', template: 'generic', events: DEFAULT_EVENTS, severities: [] };

/** What is typed: patterns are one text. */
type Fields = Omit<WebhookValues, 'events'> & { events: string };

function readFieldsOfWebhook({ name, url, template, events, severities }: WebhookValues): Fields {
  return { name, url, template, events: events.join(', '), severities };
}

interface Props {
  /** What it is now; a new one without. */
  webhook?: Webhook;
  label: string;
  /** What the button does. */
  deed: string;
  onSubmit: (values: WebhookValues) => Promise<unknown>;
  onCancel: () => void;
}

export function WebhookForm({ webhook, label, deed, onSubmit, onCancel }: Props) {
  const form = useForm<Fields>({
    initialValues: readFieldsOfWebhook(webhook ?? emptyValues),
    validate: {
      name: hasLength({ min: 1, max: 100 }, 'What it is known by, up to 100 characters'),
      url: isNotEmpty('The address that is called'),
      events: (events) => (splitPatternsOfEvents(events).length > 0 ? null : 'One pattern at least'),
    },
  });
  const submit = useServerForm(form, (fields: Fields) => onSubmit({ ...fields, events: splitPatternsOfEvents(fields.events) }));
  return (
    <form onSubmit={form.onSubmit((values) => submit.mutate(values))} noValidate aria-label={label}>
      <Stack maw={560}>
        <FormFailure error={submit.error} />
        <TextInput label="Name" description="Who is told, such as “Daily Prophet”." data-autofocus autoComplete="off" {...form.getInputProps('name')} />
        <TextInput
          label="Address"
          description="Such as https://prophet.example.org/owl. Private networks are called only where the server allows them."
          type="url"
          autoComplete="off"
          spellCheck={false}
          {...form.getInputProps('url')}
        />
        <Select label="Written for" data={templates} allowDeselect={false} {...form.getInputProps('template')} />
        <TextInput
          label="Events"
          description="Names such as incident.created, or patterns, with commas between them: * is one word, # any number."
          autoComplete="off"
          spellCheck={false}
          {...form.getInputProps('events')}
        />
        <Checkbox.Group label="Severities" description="Of incidents of these alone; none ticked is all of them." {...form.getInputProps('severities')}>
          <Group mt={6}>
            {(Object.keys(severityLabels) as Severity[]).map((severity) => (
              <Checkbox key={severity} value={severity} label={severityLabels[severity]} />
            ))}
          </Group>
        </Checkbox.Group>
        <Group>
          <Button type="submit" loading={submit.isPending}>
            {deed}
          </Button>
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
