//! Users and roles of etcd's authentication.
//!
//! Each question of these and each change is an entry of the log, also while authentication is off. At a
//! change etcd goes through all users and what they may do (`refreshRangePermCache` in
//! `server/auth/range_perm_cache.go`), before it applies anything else.

use super::auth_messages::{
    AuthStatusRequest, AuthStatusResponse, ChangedResponse, GrantPermissionRequest, ListRequest, NameRequest,
    NamesResponse, PermissionMessage, RevokePermissionRequest, RoleGetResponse, UserAddOptions,
    UserAddRequest, UserRoleRequest,
};
use super::client::{Answer, CallError, MemberClient};
use model::plan::{KeyPermission, KeyRight};

/// `ErrGRPCRoleNotFound`
const NO_ROLE: &str = "role name not found";
/// `ErrGRPCUserAlreadyExist`, `ErrGRPCRoleAlreadyExist`, `ErrGRPCRoleNotFound`,
/// `ErrGRPCPermissionNotGranted`: a change that was made before.
const MADE_BEFORE: [&str; 4] = [
    "user name already exists",
    "role name already exists",
    NO_ROLE,
    "permission is not granted to the role",
];

impl MemberClient {
    /// Whether authentication is on.
    pub async fn auth_enabled(&self) -> Answer<bool> {
        let status: AuthStatusResponse =
            self.unary(AuthStatusRequest {}, "/etcdserverpb.Auth/AuthStatus").await?;
        Ok(status.enabled)
    }

    /// The names of all users.
    pub async fn users(&self) -> Answer<Vec<String>> {
        let users: NamesResponse = self.unary(ListRequest {}, "/etcdserverpb.Auth/UserList").await?;
        Ok(users.names)
    }

    /// The names of all roles.
    pub async fn roles(&self) -> Answer<Vec<String>> {
        let roles: NamesResponse = self.unary(ListRequest {}, "/etcdserverpb.Auth/RoleList").await?;
        Ok(roles.names)
    }

    /// The roles of a user; none if there is no such user.
    pub async fn roles_of_user(&self, name: &str) -> Answer<Option<Vec<String>>> {
        let request = NameRequest { name: name.to_owned() };
        let asked: Answer<NamesResponse> = self.unary(request, "/etcdserverpb.Auth/UserGet").await;
        match asked {
            Ok(roles) => Ok(Some(roles.names)),
            Err(CallError::NoUser(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What a role may do; none if there is no such role.
    pub async fn permissions_of_role(&self, name: &str) -> Answer<Option<Vec<KeyPermission>>> {
        let request = NameRequest { name: name.to_owned() };
        let asked: Answer<RoleGetResponse> = self.unary(request, "/etcdserverpb.Auth/RoleGet").await;
        match asked {
            Ok(role) => Ok(Some(role.permissions.into_iter().map(permission_of).collect())),
            Err(CallError::Failed(why)) if why == NO_ROLE => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Adds a user that has no password: who shows a certificate with this name is it.
    pub async fn add_user(&self, name: &str) -> Answer<()> {
        let options = Some(UserAddOptions { no_password: true });
        self.changed(UserAddRequest { name: name.to_owned(), options }, "/etcdserverpb.Auth/UserAdd").await
    }

    /// Deletes a user.
    pub async fn delete_user(&self, name: &str) -> Answer<()> {
        let deleted = self.changed(NameRequest { name: name.to_owned() }, "/etcdserverpb.Auth/UserDelete");
        match deleted.await {
            Err(CallError::NoUser(_)) => Ok(()),
            ended => ended,
        }
    }

    /// Gives a user a role.
    pub async fn grant_role(&self, user: &str, role: &str) -> Answer<()> {
        let request = UserRoleRequest { user: user.to_owned(), role: role.to_owned() };
        self.changed(request, "/etcdserverpb.Auth/UserGrantRole").await
    }

    /// Adds a role that may do nothing yet.
    pub async fn add_role(&self, name: &str) -> Answer<()> {
        self.changed(NameRequest { name: name.to_owned() }, "/etcdserverpb.Auth/RoleAdd").await
    }

    /// Deletes a role, and takes it from its users.
    pub async fn delete_role(&self, name: &str) -> Answer<()> {
        self.changed(NameRequest { name: name.to_owned() }, "/etcdserverpb.Auth/RoleDelete").await
    }

    /// Lets a role do something.
    pub async fn grant_permission(&self, role: &str, permission: &KeyPermission) -> Answer<()> {
        let KeyPermission { right, key, range_end } = permission.clone();
        let kind = match right {
            KeyRight::Read => 0,
            KeyRight::Write => 1,
            KeyRight::ReadWrite => 2,
        };
        let permission = Some(PermissionMessage { kind, key, range_end });
        let request = GrantPermissionRequest { role: role.to_owned(), permission };
        self.changed(request, "/etcdserverpb.Auth/RoleGrantPermission").await
    }

    /// Lets a role do it no more.
    pub async fn revoke_permission(&self, role: &str, permission: &KeyPermission) -> Answer<()> {
        let KeyPermission { key, range_end, .. } = permission.clone();
        let request = RevokePermissionRequest { role: role.to_owned(), key, range_end };
        self.changed(request, "/etcdserverpb.Auth/RoleRevokePermission").await
    }

    /// A change that was made before is made: an answer may have got lost.
    async fn changed<Q: prost::Message + 'static>(&self, request: Q, path: &'static str) -> Answer<()> {
        match self.unary::<Q, ChangedResponse>(request, path).await {
            Err(CallError::Failed(why)) if MADE_BEFORE.contains(&why.as_str()) => Ok(()),
            ended => ended.map(drop),
        }
    }
}

fn permission_of(message: PermissionMessage) -> KeyPermission {
    let right = match message.kind {
        0 => KeyRight::Read,
        1 => KeyRight::Write,
        _ => KeyRight::ReadWrite,
    };
    KeyPermission { right, key: message.key, range_end: message.range_end }
}
