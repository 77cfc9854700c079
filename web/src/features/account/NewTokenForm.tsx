import { Button, Checkbox, Group, Select, Stack, TextInput } from '@mantine/core';
import { hasLength, isNotEmpty, useForm } from '@mantine/form';
import type { MadeToken, Scope } from '@owlpost/client/rest';
import { FormFailure } from '../../components/FormFailure';
import { useServerForm } from '../../lib/useServerForm';
import { useCreateApiToken } from './api/apiTokens';
import { scopeDescriptions, scopeLabels } from './scopes';

const NEVER = 'never';
const lifetimes = [
  { value: '7', label: 'In a week' },
  { value: '30', label: 'In 30 days' },
  { value: '90', label: 'In 90 days' },
  { value: '365', label: 'In a year' },
  { value: NEVER, label: 'Never' },
];

interface Values {
  name: string;
  scopes: Scope[];
  lifetime: string;
}

export function NewTokenForm({ onMade, onCancel }: { onMade: (token: MadeToken) => void; onCancel: () => void }) {
  const create = useCreateApiToken();
  const form = useForm<Values>({
    initialValues: { name: '', scopes: [], lifetime: '90' },
    validate: {
      name: hasLength({ min: 1, max: 100 }, 'What you know it by, up to 100 characters'),
      scopes: isNotEmpty('What it is good for: one at least'),
    },
  });
  const submit = useServerForm(form, async ({ name, scopes, lifetime }: Values) => {
    const expiresInDays = lifetime === NEVER ? undefined : Number(lifetime);
    onMade(await create.mutateAsync({ name, scopes, expiresInDays }));
  });
  return (
    <form onSubmit={form.onSubmit((values) => submit.mutate(values))} noValidate aria-label="New token">
      <Stack maw={480}>
        <FormFailure error={submit.error} />
        <TextInput label="Name" description="What uses it, such as “Grafana”." data-autofocus {...form.getInputProps('name')} />
        <Checkbox.Group label="What it may do" {...form.getInputProps('scopes')}>
          <Stack gap={8} mt={6}>
            {(Object.keys(scopeLabels) as Scope[]).map((scope) => (
              <Checkbox key={scope} value={scope} label={scopeLabels[scope]} description={scopeDescriptions[scope]} />
            ))}
          </Stack>
        </Checkbox.Group>
        <Select label="It expires" data={lifetimes} allowDeselect={false} {...form.getInputProps('lifetime')} />
        <Group>
          <Button type="submit" loading={submit.isPending}>
            Make token
          </Button>
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
