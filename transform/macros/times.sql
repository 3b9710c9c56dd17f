{# Seconds from one timestamp to another; negative when the other is earlier. #}
{% macro seconds_between(start, end) -%}
    {{ return(adapter.dispatch('seconds_between', 'cdn_certs')(start, end)) }}
{%- endmacro %}

{% macro default__seconds_between(start, end) -%}
    cast(extract(epoch from ({{ end }} - {{ start }})) as double precision)
{%- endmacro %}

{% macro bigquery__seconds_between(start, end) -%}
    timestamp_diff({{ end }}, {{ start }}, microsecond) / 1000000
{%- endmacro %}

{% macro snowflake__seconds_between(start, end) -%}
    cast(datediff('microsecond', {{ start }}, {{ end }}) as double precision) / 1000000
{%- endmacro %}

{% macro spark__seconds_between(start, end) -%}
    cast(unix_micros({{ end }}) - unix_micros({{ start }}) as double) / 1000000
{%- endmacro %}

{# A timestamp without the part of its second. #}
{% macro whole_second(timestamp) -%}
    {{ return(adapter.dispatch('whole_second', 'cdn_certs')(timestamp)) }}
{%- endmacro %}

{% macro default__whole_second(timestamp) %}date_trunc('second', {{ timestamp }}){% endmacro %}
{% macro bigquery__whole_second(timestamp) %}timestamp_trunc({{ timestamp }}, second){% endmacro %}

{# A timestamp some hours before another. #}
{% macro hours_before(timestamp, hours) -%}
    {{ return(adapter.dispatch('hours_before', 'cdn_certs')(timestamp, hours)) }}
{%- endmacro %}

{% macro default__hours_before(timestamp, hours) %}{{ timestamp }} - interval '{{ hours }} hours'{% endmacro %}
{% macro bigquery__hours_before(timestamp, hours) %}timestamp_sub({{ timestamp }}, interval {{ hours }} hour){% endmacro %}
{% macro snowflake__hours_before(timestamp, hours) %}dateadd('hour', -{{ hours }}, {{ timestamp }}){% endmacro %}

{# A timestamp as all warehouses write it, such as `2026-05-04 16:00:00`: what is part of a key has to be the same in each. #}
{% macro timestamp_text(timestamp) -%}
    {{ return(adapter.dispatch('timestamp_text', 'cdn_certs')(timestamp)) }}
{%- endmacro %}

{% macro default__timestamp_text(timestamp) %}{{ cdn_certs.text(timestamp) }}{% endmacro %}
{% macro bigquery__timestamp_text(timestamp) %}format_timestamp('%Y-%m-%d %H:%M:%S', {{ timestamp }}){% endmacro %}
{% macro snowflake__timestamp_text(timestamp) %}to_char({{ timestamp }}, 'YYYY-MM-DD HH24:MI:SS'){% endmacro %}

{# A time that a target loaded as the models have them: in UTC. #}
{% macro utc(expression, loaded_type) -%}
    {{ return(adapter.dispatch('utc', 'cdn_certs')(expression, loaded_type)) }}
{%- endmacro %}

{% macro default__utc(expression, loaded_type) -%}
    {%- if not loaded_type.startswith('timestamp') -%}
        cast(cast({{ expression }} as timestamp with time zone) at time zone 'UTC' as timestamp)
    {%- elif 'with time zone' in loaded_type -%}
        cast({{ expression }} at time zone 'UTC' as timestamp)
    {%- else -%}
        cast({{ expression }} as timestamp)
    {%- endif -%}
{%- endmacro %}

{# Its timestamps are instants. #}
{% macro bigquery__utc(expression, loaded_type) %}cast({{ expression }} as timestamp){% endmacro %}

{% macro snowflake__utc(expression, loaded_type) -%}
    {%- if loaded_type == 'timestamp_ntz' -%}
        cast({{ expression }} as timestamp_ntz)
    {%- else -%}
        cast(convert_timezone('UTC', cast({{ expression }} as timestamp_tz)) as timestamp_ntz)
    {%- endif -%}
{%- endmacro %}

{# Its timestamps are instants; the session's zone is UTC: see profiles.yml. #}
{% macro spark__utc(expression, loaded_type) %}cast({{ expression }} as timestamp){% endmacro %}
