-- Each certificate that is deployed, with what its enrollment says of it.
select
    held.account,
    held.enrollment_id || '/' || held.network || '/' || held.key_algorithm as certificate_id,
    held.enrollment_id,
    held.network,
    coalesce(enrollments.common_name, held.x509_subject_common_name) as name,
    enrollments.contract_id,
    -- The request: what is deployed may be older.
    coalesce(held.x509_subject_common_name, enrollments.common_name) as common_name,
    coalesce(held.x509_subject_alternative_names, enrollments.subject_alternative_names) as names,
    case when held.sni_only then held.dns_names end as sni_names,
    case
        when enrollments.validation_type = 'third-party' then false
        when enrollments.validation_type = 'dv' and not enrollments.change_management then true
    end as renews_itself,
    held.stale,
    held.synced_at
from {{ current_rows('akamai_certificates', ['enrollment_id', 'network', 'key_algorithm']) }} as held
left join {{ ref('stg_akamai_enrollments') }} as enrollments
    on held.account = enrollments.account
    and held.enrollment_id = enrollments.enrollment_id
