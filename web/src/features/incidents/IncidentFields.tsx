import { SegmentedControl, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { hasLength, type UseFormReturnType } from '@mantine/form';
import type { Severity } from '@owlpost/client';
import { type IncidentFormValues, severityLabels } from '../../entities/incident';

export const incidentFormRules = {
  title: hasLength({ min: 1, max: 200 }, 'Say what happened, in up to 200 characters'),
  description: hasLength({ max: 10_000 }, 'Up to 10,000 characters'),
  location: hasLength({ max: 200 }, 'Up to 200 characters'),
};

/** The fields that reporting and editing share. */
export function IncidentFields<V extends IncidentFormValues>({ form }: { form: UseFormReturnType<V> }) {
  return (
    <Stack gap="md">
      <TextInput
        label="What happened"
        placeholder="Troll in the dungeon"
        withAsterisk
        data-autofocus
        {...form.getInputProps('title')}
      />
      <div>
        <Text size="sm" fw={500} mb={4} id="severity-label">
          Severity
        </Text>
        <SegmentedControl
          aria-labelledby="severity-label"
          fullWidth
          data={(Object.keys(severityLabels) as Severity[]).map((value) => ({ value, label: severityLabels[value] }))}
          {...form.getInputProps('severity')}
        />
      </div>
      <TextInput label="Where" placeholder="Dungeons, second corridor" {...form.getInputProps('location')} />
      <Textarea
        label="Description"
        placeholder="What you saw, who is there, what is needed"
        autosize
        minRows={4}
        maxRows={12}
        {...form.getInputProps('description')}
      />
    </Stack>
  );
}
