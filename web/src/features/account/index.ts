export { ApiTokenSection } from './ApiTokenSection';
export { LoginSessionList } from './LoginSessionList';
export { PasswordSection } from './PasswordSection';
export { ProfileSection } from './ProfileSection';
