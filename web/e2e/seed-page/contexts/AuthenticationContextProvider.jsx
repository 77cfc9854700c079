import { createContext, useContext } from 'react';

// What the seed's hooks expect of the year before: somebody who is signed in. The spec passes the token by query.
const AuthenticationContext = createContext({ accessToken: null });

export function AuthenticationContextProvider({ children }) {
  const accessToken = new URLSearchParams(window.location.search).get('token');
  return <AuthenticationContext.Provider value={{ accessToken }}>{children}</AuthenticationContext.Provider>;
}

export function useAuthenticationContextProvider() {
  return useContext(AuthenticationContext);
}
