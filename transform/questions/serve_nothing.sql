-- What was bought or uploaded, and serves nothing?
select provider, account, name, subject_common_name, ends_at, state
from cdn_certs_marts.certificate_expiry
where serves_nothing
order by ends_at, certificate_key
