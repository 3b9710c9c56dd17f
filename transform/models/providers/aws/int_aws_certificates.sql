{{ config(materialized='ephemeral') }}

-- By the ARN: a renewal leaves it as it is. What serves nothing here may serve a load balancer, as ACM says.
select
    {{ certificate_columns(
        certificate_id='certificate_arn',
        name='coalesce(server_certificate_name, domain_name)',
        fingerprint_sha256='x509_fingerprint_sha256',
        serial_number="coalesce(x509_serial_number, replace(lower(serial), ':', ''))",
        subject_common_name='coalesce(x509_subject_common_name, domain_name)',
        issuer='coalesce(x509_issuer_common_name, x509_issuer_organization, issuer)',
        not_before='coalesce(x509_not_before, not_before)',
        not_after='coalesce(x509_not_after, not_after, expiration)',
        provider_not_after='coalesce(not_after, expiration)',
        chain_not_after='x509_chain_not_after',
        chain_complete='x509_chain_complete',
        public_key_algorithm='x509_public_key_algorithm',
        public_key_bits='x509_public_key_bits',
        public_key_curve='x509_public_key_curve',
        signature_algorithm='x509_signature_algorithm',
        signature_hash='x509_signature_hash',
        self_signed='x509_self_signed',
        dns_names='coalesce(x509_subject_alternative_names, subject_alternative_names)',
        dns_names_known='case
            when x509_fingerprint_sha256 is not null
                then x509_subject_alternative_names is not null and coalesce(x509_subject_alternative_names_complete, true)
            else subject_alternative_names is not null
        end',
        provider_status='lower(status)',
        renews_itself="case
            when type in ('AMAZON_ISSUED', 'PRIVATE')
                then coalesce(renewal_eligibility, 'ELIGIBLE') = 'ELIGIBLE'
                    and coalesce(renewal_status, 'SUCCESS') in ('PENDING_AUTO_RENEWAL', 'SUCCESS')
            -- Whoever imported it, or uploaded it to IAM, has to do that again.
            when type = 'IMPORTED' or server_certificate_id is not null then false
        end",
        use_known='coalesce(' ~ without(text('in_use_by'), 'arn:[a-z-]+:cloudfront:') ~ " not like '%arn:%', true)",
    ) }}
from {{ current_rows('aws_certificates', 'certificate_arn') }} as seen
-- What was requested and not issued is no certificate.
where coalesce(status, 'ISSUED') not in ('PENDING_VALIDATION', 'VALIDATION_TIMED_OUT', 'FAILED')
