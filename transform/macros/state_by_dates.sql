{# How urgent an end is: by the days that are left and by their share of the lifetime, whichever is worse. See the project's variables. #}
{% macro state_by_dates(not_before, not_after, days_left, lifetime_days) -%}
    {%- set most_days -%}
        coalesce({{ lifetime_days }} * {{ var('days_at_most_share') }}, {{ var('warning_days') }})
    {%- endset -%}
    -- A certificate is valid until its end, that second included.
    case
        when {{ not_after }} is null then 'unknown'
        when {{ cdn_certs.now() }} > {{ not_after }} then 'expired'
        when {{ cdn_certs.now() }} < {{ not_before }} then 'not_yet_valid'
        {%- for state in ('critical', 'warning') %}
        when {{ days_left }} < least({{ var(state ~ '_days') }}, {{ most_days }}) then '{{ state }}'
        when {{ days_left }} < {{ lifetime_days }} * {{ var(state ~ '_share') }} then '{{ state }}'
        {%- endfor %}
        else 'ok'
    end
{%- endmacro %}
