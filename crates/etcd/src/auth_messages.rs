//! Messages of etcd's auth API, as far as this program uses them.
//!
//! The field numbers are those of `api/etcdserverpb/rpc.proto` and `api/authpb/auth.proto`, the same in every
//! supported line.

use prost::Message;

#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct AuthStatusRequest {}

#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct AuthStatusResponse {
    #[prost(bool, tag = "2")]
    pub(super) enabled: bool,
}

/// `AuthUserListRequest`, `AuthRoleListRequest`
#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct ListRequest {}

/// `AuthUserListResponse`, `AuthRoleListResponse`; and `AuthUserGetResponse`, whose names are those of roles.
#[derive(Clone, PartialEq, Message)]
pub(super) struct NamesResponse {
    #[prost(string, repeated, tag = "2")]
    pub(super) names: Vec<String>,
}

/// `AuthUserGetRequest`, `AuthUserDeleteRequest`, `AuthRoleAddRequest`, `AuthRoleGetRequest` and
/// `AuthRoleDeleteRequest`
#[derive(Clone, PartialEq, Message)]
pub(super) struct NameRequest {
    #[prost(string, tag = "1")]
    pub(super) name: String,
}

/// `AuthUserAddRequest`
#[derive(Clone, PartialEq, Message)]
pub(super) struct UserAddRequest {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(message, optional, tag = "3")]
    pub(super) options: Option<UserAddOptions>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct UserAddOptions {
    #[prost(bool, tag = "1")]
    pub(super) no_password: bool,
}

/// `AuthUserGrantRoleRequest`
#[derive(Clone, PartialEq, Message)]
pub(super) struct UserRoleRequest {
    #[prost(string, tag = "1")]
    pub(super) user: String,
    #[prost(string, tag = "2")]
    pub(super) role: String,
}

/// `Permission`
#[derive(Clone, PartialEq, Message)]
pub(super) struct PermissionMessage {
    /// `READ` is 0, `WRITE` 1, `READWRITE` 2.
    #[prost(int32, tag = "1")]
    pub(super) kind: i32,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) key: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) range_end: Vec<u8>,
}

/// `AuthRoleGetResponse`
#[derive(Clone, PartialEq, Message)]
pub(super) struct RoleGetResponse {
    #[prost(message, repeated, tag = "2")]
    pub(super) permissions: Vec<PermissionMessage>,
}

/// `AuthRoleGrantPermissionRequest`
#[derive(Clone, PartialEq, Message)]
pub(super) struct GrantPermissionRequest {
    #[prost(string, tag = "1")]
    pub(super) role: String,
    #[prost(message, optional, tag = "2")]
    pub(super) permission: Option<PermissionMessage>,
}

/// `AuthRoleRevokePermissionRequest`
#[derive(Clone, PartialEq, Message)]
pub(super) struct RevokePermissionRequest {
    #[prost(string, tag = "1")]
    pub(super) role: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) key: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) range_end: Vec<u8>,
}

/// The answer to a change: its header alone.
#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct ChangedResponse {}
